"""How models are loaded: straight into their number format, with hardly more memory than their weights take."""

import json
import subprocess
import sys

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from benchmark.mazes.errors import CheckpointError
from models import load
from models.weights import Weights

from ..conftest import ROOT

MOST = 1.2
"""The peak of memory while a model is loaded, as a multiple of its weights."""
MEASURE = """
import gc, json, re, sys, threading, time
from pathlib import Path
from models import load
from models.weights import Weights

def memory(name):
    return int(re.search(rf"^{name}:\\s+(\\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)[1]) * 1024

def measure(folder, dtype):
    gc.collect()
    own, whole, samples, loaded = memory("RssAnon"), memory("VmRSS"), [], threading.Event()

    def watch():
        while not loaded.is_set():
            samples.append(memory("RssAnon"))
            time.sleep(0.001)

    watching = threading.Thread(target=watch)
    watching.start()
    model = load.model(Weights(folder), dtype=dtype)
    loaded.set()
    watching.join()
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    return {"own": (max(samples) - own) / weights, "whole": (memory("VmHWM") - whole) / weights, "weights": weights}

folder = Path(sys.argv[1])
load.model(Weights(folder / "small"))  # all that is imported and compiled on the way
loads = ("bfloat16", "bfloat16"), ("float32", "float32"), ("bfloat16", "float32")
print(json.dumps([measure(folder / saved, dtype) for saved, dtype in loads]))
"""


def save_llama(folder, width, layers, dtype):
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=8,
        vocab_size=4000,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    save_llama(folder / "small", 64, 1, torch.float32)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_loading_takes_hardly_more_memory_than_the_weights(folder):
    for dtype in ("float32", "bfloat16"):
        save_llama(folder / dtype, 512, 12, getattr(torch, dtype))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, folder],
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    *same, converted = peaks = json.loads(done.stdout)
    assert max(peak["weights"] for peak in peaks) > 2e8, peaks
    assert max(peak["whole"] for peak in same) <= MOST, peaks
    # where weights are converted, the pages of the file are mapped too; the system takes them back as it needs memory
    assert converted["own"] <= MOST, peaks


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_model_is_loaded_in_the_number_format_that_is_asked_for(folder, dtype):
    model = load.model(Weights(folder / "small"), dtype=dtype)
    assert {weight.dtype for weight in model.parameters()} == {getattr(torch, dtype)}


def test_auto_is_the_number_format_of_the_files(tmp_path):
    assert load.model(Weights(save_llama(tmp_path, 64, 1, torch.bfloat16)), dtype="auto").dtype == torch.bfloat16


def test_an_adapter_computes_in_the_number_format_of_its_base(folder, tmp_path):
    base = Weights(folder / "small")
    settings = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(load.model(base), settings).save_pretrained(tmp_path)
    model = load.model(Weights(tmp_path, base.folder), dtype="bfloat16")
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}


def test_a_model_is_loaded_onto_its_device_with_a_map(folder):
    model = load.model(Weights(folder / "small"), device_map={"": "cpu"})
    assert model.device.type == "cpu"


def test_arguments_that_transformers_does_not_know_are_one_line(folder):
    with pytest.raises(CheckpointError, match=r"^cannot load the model in .*tensor_parallel_size[^\n]*$"):
        load.model(Weights(folder / "small"), tensor_parallel_size=2)


def test_damaged_weights_are_found_in_every_number_format(folder, tmp_path):
    model = LlamaForCausalLM.from_pretrained(folder / "small")
    with torch.no_grad():
        model.model.norm.weight[0] = float("inf")
    model.save_pretrained(tmp_path)
    for dtype in ("float32", "bfloat16"):
        with pytest.raises(CheckpointError, match=r"1 of its weights are NaN or infinite"):
            load.model(Weights(tmp_path), dtype=dtype)

"""What requests are expected to cost, from which `auto` chooses."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from models import hardware
from models.engines.cost import Machine
from models.inference import cost, machine
from models.model_options import GenerationOptions, ModelOptions
from models.registry import find, served
from models.tensor_headers import read_tensors

from ..asking import requests

TWO_CORES = Machine(flops=1.3e11, bandwidth=4e10, dispatch=1.24e-6)


@pytest.fixture
def two_cores(monkeypatch):
    """A machine with two cores and no GPU."""
    monkeypatch.setattr(hardware, "has_cuda", lambda: False)
    monkeypatch.setattr(machine, "measured", lambda dtype: TWO_CORES)


@pytest.fixture
def empty_home(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))


def test_a_few_mazes_do_not_repay_the_start_of_vllm_and_many_do(two_cores):
    base = find("base")
    names = ["transformers", "vllm"]
    assert cost.choose_cheapest(names, base, requests("tiny", 8)) == "transformers"
    many = requests("tiny", 400) * 20
    assert cost.choose_cheapest(names, base, many) == "vllm"
    assert cost.choose_cheapest(["transformers"], base, many) == "transformers"


def test_on_a_gpu_vllm_is_chosen_whatever_is_asked(monkeypatch):
    monkeypatch.setattr(hardware, "has_cuda", lambda: True)
    assert cost.choose_cheapest(["transformers", "vllm"], find("base"), requests("tiny", 1)) == "vllm"


def test_tokens_of_prompts_are_counted_and_those_of_replies_expected(two_cores):
    from tokenizers import Tokenizer

    base, asked = find("base"), requests("small", 20)
    tokenizer = Tokenizer.from_file(str(base.weights().tokenizer / "tokenizer.json"))
    tokens = sum(len(tokenizer.encode(one.prompt).ids) for one in asked)
    estimate = cost.estimate(base, asked, "transformers")
    assert estimate.prompt_tokens == pytest.approx(tokens, rel=0.03)
    assert estimate.reply_tokens == pytest.approx(20 * 215, rel=0.03)  # as long as the searches of its training
    assert read_tensors(base.weights().whole).parameters * 4 < estimate.memory_bytes < 4 * 2**30


def test_no_reply_is_expected_beyond_its_limit(two_cores, tiny_model):
    model = find(str(tiny_model))
    free, limited = (
        cost.estimate(model, [replace(one, generation=GenerationOptions(limit)) for one in requests("tiny", 9)], "vllm")
        for limit in (None, 7)
    )
    assert 0 < limited.reply_tokens <= 9 * 7
    assert free.reply_tokens > limited.reply_tokens
    assert free.seconds > limited.seconds


def test_what_ends_early_is_expected_to_be_shorter_and_thoughts_longer(two_cores, tiny_model):
    model = find(str(tiny_model))

    def expect(**generation):
        return cost.expect_reply_tokens(
            model, replace(requests("small", 1)[0], generation=GenerationOptions(**generation))
        )

    assert expect(ends_with_answer=True) < expect()
    assert expect(ends_with_answer=True) < expect(ends_with_answer=True, thinking_budget=1000) < 1000


def test_nothing_is_estimated_of_what_is_not_here(two_cores):
    for checkpoint in (find("oracle"), served("x", "http://h/v1", "x"), find("org/name")):
        assert cost.estimate(checkpoint, requests("tiny", 1), "transformers") is None
    assert cost.estimate(find("base"), [], "transformers") is None


def test_what_has_yet_to_be_built_is_as_large_as_what_it_starts_from(two_cores, empty_home):
    base, sft = (cost.estimate(find(name), requests("tiny", 9), "transformers") for name in ("base", "sft"))
    assert find("sft").is_missing
    assert sft == base


def test_the_option_dtype_counts(two_cores):
    asked = requests("huge", 50)
    base = find("base")
    small = replace(base, options=ModelOptions(dtype="bfloat16"))
    assert cost.estimate(small, asked, "vllm").memory_bytes < cost.estimate(base, asked, "vllm").memory_bytes


def test_the_machine_is_measured_once(empty_home, monkeypatch):
    measured = []
    monkeypatch.setattr(machine, "_measure", lambda dtype: measured.append(dtype) or TWO_CORES)
    for _ in range(2):
        assert machine.measured("float32") == TWO_CORES
        machine.measured("bfloat16")
    assert measured == ["float32", "bfloat16"]
    machine.file().write_text("[]")
    machine.measured("float32")
    machine.file().write_text(json.dumps({key: {"cores": 7} for key in json.loads(machine.file().read_text())}))
    machine.measured("float32")
    assert len(measured) == 4


def test_it_is_measured_in_a_moment(empty_home):
    speed = machine.measured("float32")
    assert 1e9 < speed.flops < 1e14
    assert 1e8 < speed.bandwidth < 1e13
    assert 1e-8 < speed.dispatch < 1e-3


def test_a_machine_that_is_known_is_not_measured_again_and_torch_is_not_imported(empty_home, monkeypatch):
    monkeypatch.setattr(machine, "_measure", lambda dtype: TWO_CORES)
    machine.measured("float32")
    code = (
        "from models.inference import machine; import sys; print(machine.measured('float32'), 'torch' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == f"{TWO_CORES} False"


@pytest.mark.parametrize(
    ("flags", "option", "stored", "expected"),
    [
        ("fpu avx2", "auto", "bfloat16", "float32"),
        ("fpu avx512_bf16", "auto", "bfloat16", "bfloat16"),
        ("fpu amx_bf16 amx_tile", "auto", "bfloat16", "bfloat16"),
        ("fpu amx_bf16", "auto", "float32", "float32"),
        ("fpu amx_bf16", "auto", "", "float32"),
        ("fpu", "float16", "bfloat16", "float16"),
    ],
)
def test_bfloat16_is_for_cpus_and_files_that_have_it(tmp_path, monkeypatch, flags, option, stored, expected):
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    monkeypatch.setattr(hardware, "CPU_INFO", file)
    monkeypatch.setattr(hardware, "has_cuda", lambda: False)
    hardware._cpu_info.cache_clear()
    assert hardware.dtype(option, stored) == expected
    assert hardware.cpu_name() == "Some CPU"
    hardware._cpu_info.cache_clear()


def test_the_number_format_on_disk_is_read_without_a_weight(tiny_model, tmp_path):
    tensors = read_tensors(tiny_model)
    assert tensors.dtype == "float32"
    assert tensors.parameters > tensors.embeddings > 0
    assert read_tensors(tmp_path).dtype == ""
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 20)
    assert read_tensors(tmp_path).parameters == 0

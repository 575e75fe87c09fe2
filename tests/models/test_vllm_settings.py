"""What vLLM is started with, and what is refused before it is started: none of these tests starts it."""

import json
import shutil
from dataclasses import replace

import psutil
import pytest

from benchmark.mazes.errors import CheckpointError, EngineError
from models.engines import vllm_settings, vllm_support
from models.engines.vllm import VLLM
from models.engines.vllm_settings import KEYS_VARIABLE, Launch, check_options
from models.model_options import ModelOptions
from models.registry import find

from ..asking import requests

pytest.importorskip("vllm", reason="vLLM is not installed")


@pytest.fixture
def nano():
    return find("base")


@pytest.fixture
def changed(nano, tmp_path):
    """Copies a model, with other settings."""

    def change(**settings):
        shutil.copytree(nano.weights().folder, tmp_path / "model")
        file = tmp_path / "model" / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))
        return find(str(tmp_path / "model"))

    return change


def launch(checkpoint, **engine_args):
    return Launch.plan(checkpoint.weights(), ModelOptions(engine_args=engine_args))


@pytest.mark.parametrize(
    ("engine_args", "message"),
    [
        ({"max_model_length": 100}, "vllm has no argument 'max_model_length'; did you mean max_model_len"),
        ({"qqq": 1}, "vllm has no argument 'qqq'$"),
        ({"skip_tokenizer_init": False}, "skip_tokenizer_init cannot be set for vllm: prompts are sent in tokens"),
        ({"max_model_len": "8k"}, "max_model_len is a number of tokens, and not '8k'"),
    ],
)
def test_arguments_that_vllm_does_not_take_are_told_before_it_starts(nano, engine_args, message):
    engine = VLLM()
    with pytest.raises(CheckpointError, match=message):
        list(engine.generate(replace(nano, options=ModelOptions(engine_args=engine_args)), requests("tiny", 1)))
    assert engine._child is None


def test_arguments_of_vllm_are_merged_over_ours(nano):
    given = {"max_num_seqs": 3, "gpu_memory_utilization": 0.5, "enable_prefix_caching": True}
    check_options(ModelOptions(engine_args=given))
    settings = launch(nano, **given).settings()
    assert given.items() <= settings.items()
    assert settings["skip_tokenizer_init"]


def test_what_is_set_is_part_of_the_key_and_other_settings_need_another_process(nano):
    engine = VLLM()
    plain = engine.describe(nano)
    changed = engine.describe(replace(nano, options=ModelOptions(dtype="bfloat16", engine_args={"block_size": 64})))
    assert "engine_args" not in plain
    assert (changed["dtype"], changed["engine_args"]) == ("bfloat16", {"block_size": 64})
    one, other = launch(nano), launch(nano, block_size=64)
    assert one.serves(launch(nano))
    assert replace(one, rank=16).serves(replace(one, rank=8))
    assert not replace(one, rank=8).serves(replace(one, rank=16))
    assert not one.serves(other)
    assert not one.serves(replace(one, dtype="bfloat16"))


@pytest.fixture
def memory(monkeypatch):
    """Sets the free memory, in GiB, of a machine without a GPU."""
    monkeypatch.delenv(KEYS_VARIABLE, raising=False)
    monkeypatch.setattr("models.hardware.has_cuda", lambda: False)
    total = psutil.virtual_memory()
    return lambda free: monkeypatch.setattr(
        vllm_settings.psutil, "virtual_memory", lambda: total._replace(available=int(free * 2**30))
    )


LARGE = {"num_hidden_layers": 32, "num_key_value_heads": 8, "head_dim": 128, "num_attention_heads": 32}
"""Keys and values of 256 KiB a token."""


def test_keys_and_values_get_the_memory_that_they_need_as_far_as_it_is_free(changed, memory):
    memory(100)
    large = changed(**LARGE)
    assert launch(large).settings()["kv_cache_memory_bytes"] == 8 * 2**30  # 32 Ki tokens
    assert launch(find("base")).settings()["kv_cache_memory_bytes"] == 2 * 2**30
    memory(6)
    settings = launch(large).settings()
    assert 3.9 * 2**30 < settings["kv_cache_memory_bytes"] < 4.1 * 2**30
    assert settings["longest"] == settings["kv_cache_memory_bytes"] // 2**18  # a longer text would not fit


def test_too_little_memory_is_one_line_before_the_process_starts(changed, memory, monkeypatch):
    memory(1.2)
    large, engine = changed(**LARGE), VLLM()
    with pytest.raises(EngineError, match=r"at least 0\.5 GiB for keys and values, and 1\.2 GiB of memory are free"):
        list(engine.generate(large, requests("tiny", 1)))
    assert engine._child is None
    monkeypatch.setenv(KEYS_VARIABLE, "1")  # whoever sets it knows better
    assert "kv_cache_memory_bytes" not in launch(large).settings()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architectures": ["RwkvForCausalLM"]}, "it is a RwkvForCausalLM, which vllm does not know"),
        ({"head_dim": 48}, "vllm has no attention on a CPU for heads of 48 numbers"),
        ({"kv_lora_rank": 32, "qk_rope_head_dim": 16}, "vllm has no attention on a CPU for compressed keys of 32"),
        ({"num_attention_heads": 0, "head_dim": 0}, "it has no attention"),
    ],
)
def test_models_that_vllm_cannot_run_are_told_with_the_engine_that_can(changed, monkeypatch, settings, message):
    monkeypatch.setattr("models.hardware.has_cuda", lambda: False)
    checkpoint, engine = changed(**settings), VLLM()
    assert not vllm_support.supports(checkpoint)
    with pytest.raises(CheckpointError, match=rf"vllm cannot run .*: {message}.*\. --engine transformers runs it"):
        list(engine.generate(checkpoint, requests("tiny", 1)))
    assert engine._child is None


def test_vllm_may_be_told_to_try_a_model_that_it_does_not_know(changed):
    checkpoint = changed(architectures=["NewForCausalLM"])
    options = ModelOptions(engine_args={"model_impl": "transformers"})
    assert vllm_support.is_supported(checkpoint.weights(), options)
    assert vllm_support.is_supported(find("base").weights())

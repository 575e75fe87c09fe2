"""Models of many families say the same through vLLM and through transformers. Each starts a process of its own."""

import pytest

from models.engines import vllm_support
from models.registry import find

from ..asking import ask, requests
from . import strangers

pytest.importorskip("vllm", reason="vLLM is not installed")

WIDE = {"hidden_size": 64, "head_dim": 32}
"""Heads of 32 are the smallest that vLLM knows on a CPU."""
SETTINGS = {
    "Llama": strangers.OTHERS["Llama"] | WIDE,
    "Qwen3": strangers.FAMILIES["Qwen3"] | WIDE,
    # as all published ones: vLLM knows no Gemma 2 with a head of its own
    "Gemma2": strangers.OTHERS["Gemma2"] | WIDE | {"tie_word_embeddings": True},
    "GPT2": strangers.FAMILIES["GPT2"] | {"n_embd": 64},
    "Bloom": strangers.OTHERS["Bloom"] | {"hidden_size": 64},
    "OPT": strangers.OTHERS["OPT"] | {"hidden_size": 64, "word_embed_proj_dim": 64},
    "Mixtral": strangers.OTHERS["Mixtral"] | WIDE,
}


@pytest.mark.slow
@pytest.mark.parametrize("family", SETTINGS)
def test_a_model_says_the_same_through_both_engines(family, tmp_path, monkeypatch):
    monkeypatch.setattr("models.budget.REPLY", (12, 0, 0))
    checkpoint = find(str(strangers.save(tmp_path / family.lower(), family, SETTINGS[family])))
    asked = requests("tiny", 2) + requests("small", 1, "block")
    assert vllm_support.supports(checkpoint)
    assert ask(checkpoint, asked, "vllm") == ask(checkpoint, asked, "transformers")

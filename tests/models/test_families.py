"""Models of many families, and tokenizers of many habits, are asked as the plainest way to do it says."""

import json
import shutil

import pytest
import torch
from tokenizers import processors
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.mazes.errors import CheckpointError
from models import hardware, load
from models.engines import memory, vllm_support
from models.engines.padding import takes_batches
from models.registry import find
from models.weights import Weights

from ..asking import ask, requests
from . import strangers

TOKENS = 12


@pytest.fixture(autouse=True)
def short_replies(monkeypatch):
    monkeypatch.setattr("models.budget.REPLY", (TOKENS, 0, 0))


def one_by_one(folder, prompts, ends=True):
    """What greedy search writes: each text alone, no cache, no padding."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    replies = []
    for prompt in prompts:
        ids, written = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"], []
        with torch.inference_mode():
            for _ in range(TOKENS):
                token = int(model(ids, use_cache=False).logits[0, -1].argmax())
                if ends and token == tokenizer.eos_token_id:
                    break
                written.append(token)
                ids = torch.cat([ids, torch.tensor([[token]])], 1)
        replies.append(tokenizer.decode(written, skip_special_tokens=True))
    return replies


def texts(folder, asked):
    return [reply.text for reply in ask(find(str(folder)), asked)]


@pytest.mark.parametrize("family", strangers.OTHERS)
def test_a_batch_says_what_greedy_search_says_one_by_one(family, tmp_path):
    folder = strangers.save(tmp_path / family.lower(), family)
    asked = requests("tiny", 2) + requests("small", 1, "block")  # of two lengths, and a text that stands alone
    expected = one_by_one(folder, [one.prompt for one in asked])
    assert any(len(set(text)) > 2 for text in expected)  # no model that repeats itself
    assert texts(folder, asked) == expected
    assert texts(folder, asked[:1]) == expected[:1]


@pytest.mark.parametrize("family", strangers.OTHERS)
def test_rows_come_and_go_where_keys_and_values_are_all_that_a_model_keeps(family, tmp_path):
    weights = Weights(strangers.save(tmp_path / family.lower(), family))
    tokenizer, asked = load.tokenizer(weights), requests("tiny", 1) + requests("small", 1, "block")
    texts = [tokenizer(request.prompt)["input_ids"] for request in asked]
    assert takes_batches(load.model(weights), texts) == (family not in strangers.WITH_STATE)


@pytest.fixture
def llama(tmp_path):
    return strangers.save(tmp_path / "llama", "Llama")


def test_a_tokenizer_that_ends_each_text_leaves_something_to_continue(llama, tmp_path):
    asked = requests("tiny", 2)
    expected = texts(llama, asked)
    file = llama / "tokenizer.json"
    tokenizer = AutoTokenizer.from_pretrained(llama)
    end = (tokenizer.eos_token, tokenizer.eos_token_id)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end[0]}", special_tokens=[end]
    )
    tokenizer.backend_tokenizer.save(str(file))
    assert AutoTokenizer.from_pretrained(llama)("S")["input_ids"][-1] == end[1]
    assert texts(llama, asked) == expected


def test_a_tokenizer_without_end_and_padding_is_asked(llama):
    asked = requests("tiny", 1) + requests("small", 1, "block")
    for name in ("tokenizer_config.json", "config.json", "generation_config.json"):
        settings = json.loads((llama / name).read_text())
        for token in ("eos_token", "pad_token", "eos_token_id", "pad_token_id"):
            settings.pop(token, None)
        (llama / name).write_text(json.dumps(settings))
    replies = ask(find(str(llama)), asked)
    assert [reply.text for reply in replies] == one_by_one(llama, [one.prompt for one in asked], ends=False)
    assert all(reply.truncated for reply in replies)


def test_a_tokenizer_that_knows_more_than_the_model_is_an_error(llama):
    tokenizer = AutoTokenizer.from_pretrained(llama)
    tokenizer.add_tokens(["shortest"])
    tokenizer.save_pretrained(llama)
    with pytest.raises(CheckpointError, match=r"gives the token \d+ \('shortest'\), and the model in .* knows \d+"):
        texts(llama, requests("tiny", 1))


def test_the_ends_of_nested_settings_are_found(llama):
    tokenizer = load.tokenizer(Weights(llama))
    for settings, stops in (
        ({"eos_token_id": [3, 4]}, {3, 4}),
        ({"eos_token_id": None, "text_config": {"eos_token_id": 5}}, {5}),
        ({"text_config": None, "eos_token_id": "6"}, set()),
    ):
        (llama / "config.json").write_text(json.dumps(settings))
        (llama / "generation_config.json").unlink(missing_ok=True)
        assert load.stop_token_ids(Weights(llama), tokenizer) == {tokenizer.eos_token_id} | stops


@pytest.mark.parametrize(
    "config",
    [
        "[]",
        "null",
        "{",
        "\ud800".encode("utf-8", "surrogatepass"),
        '{"model_type": "steam"}',
        '{"model_type": "llama", "num_attention_heads": 0}',
        '{"model_type": "llama", "hidden_size": "wide"}',
        '{"model_type": "llama", "rope_scaling": 3}',
        '{"model_type": "t5"}',
        '{"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": 4}}',
        '{"model_type": "llama", "quantization_config": {"quant_method": "steam"}}',
        '{"model_type": "llama", "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true}}',
        '{"model_type": "llama", "quantization_config": 4}',
    ],
)
def test_settings_that_give_no_model_are_one_line(llama, config):
    (llama / "config.json").write_bytes(config if isinstance(config, bytes) else config.encode())
    checkpoint = find(str(llama))
    vllm_support.is_supported(checkpoint.weights())
    with pytest.raises(CheckpointError, match=r"^(cannot (load|read)|the weights in) .*llama") as error:
        ask(checkpoint, requests("tiny", 1))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1000


def test_what_vllm_knows_is_read_from_any_settings(llama):
    weights = Weights(llama)
    for settings, knows in (
        ({"hidden_size": 64, "num_attention_heads": 2}, True),
        ({"text_config": {"head_dim": 64}}, True),
        ({"text_config": None, "head_dim": 128}, True),
        ({"hidden_size": 32, "state_size": 4}, False),
        ({"hidden_size": 64, "num_attention_heads": [2, 4]}, False),
        ([], False),
    ):
        (llama / "config.json").write_text(json.dumps(settings))
        assert vllm_support.is_supported(weights) == (knows or (hardware.has_cuda() and isinstance(settings, dict)))


def test_the_memory_of_a_batch_is_known_for_each_family(tmp_path):
    for family in ("Mamba", "Gemma3", "Bloom"):
        folder = tmp_path / family
        model = load.model(Weights(strangers.save(folder, family)))
        assert memory.bytes_per_token(model) >= 2 * 2 * 16 * 4
        shutil.rmtree(folder)

"""Adapters of all kinds: each is applied as PEFT says, or one line says why not."""

import json
import warnings

import pytest
import torch
from peft import IA3Config, LoraConfig, PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.mazes.errors import CheckpointError
from models import adapters, load
from models.checkpoints import Folder
from models.engines import vllm, vllm_support
from models.registry import find
from models.weights import ADAPTER

from ..asking import ask, requests
from . import strangers


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return strangers.save(tmp_path_factory.mktemp("whole") / "llama", "Llama")


@pytest.fixture(autouse=True)
def short_replies(monkeypatch):
    monkeypatch.setattr("models.budget.REPLY", (8, 0, 0))


def save(llama, folder, config, change=lambda model: model):
    torch.manual_seed(1)
    model = get_peft_model(change(AutoModelForCausalLM.from_pretrained(llama)), config)
    for name, weight in model.named_parameters():
        if "lora_" in name or "ia3" in name or "prompt" in name:
            weight.data = torch.randn_like(weight) * 0.3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of embeddings that are saved too
        model.save_pretrained(folder)
    return folder


def lora(**settings):
    return LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **settings)


def rewrite(folder, **settings):
    file = folder / ADAPTER
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
    return folder


def change(folder, new):
    file = folder / "adapter_model.safetensors"
    save_file(new(load_file(file)), file)
    return folder


def by_peft(llama, adapter, request, tokens=8):
    """What PEFT says with a dynamic cache, one text alone."""
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(llama), adapter).eval()
    tokenizer = AutoTokenizer.from_pretrained(llama)
    inputs = tokenizer(request.prompt, return_tensors="pt")
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of position ids, which prompt tuning makes itself
        written = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    return tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


KINDS = {
    "lora": lora(),
    "dora": lora(use_dora=True),
    "rslora": lora(use_rslora=True, rank_pattern={"q_proj": 8}),
    "biases": lora(bias="all"),
    "head and embeddings": lora(modules_to_save=["lm_head"]),
    "prompt tuning": PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    "prefix tuning": PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    "ia3": IA3Config(task_type="CAUSAL_LM", target_modules=["q_proj"], feedforward_modules=[]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_adapters_say_what_peft_says(llama, tmp_path, kind):
    folder = save(llama, tmp_path / "adapter", KINDS[kind])
    asked = requests("tiny", 2) + requests("small", 1, "block")
    replies = ask(find(str(folder)), asked)
    assert replies[0].text == by_peft(llama, folder, asked[0])
    assert replies[2].text == by_peft(llama, folder, asked[2])
    assert bool(adapters.not_in_vllm(folder)) == (kind not in ("lora", "rslora"))
    load.check(find(str(folder)).weights())


def test_an_adapter_with_a_grown_vocabulary_is_asked(llama, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(llama)
    tokenizer.add_tokens(["shortest", "path"])

    def grow(model):
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        return model

    folder = save(llama, tmp_path / "adapter", lora(modules_to_save=["embed_tokens", "lm_head"]), grow)
    tokenizer.save_pretrained(folder)
    weights = find(str(folder)).weights()
    assert load.model(weights).get_input_embeddings().weight.shape[0] == len(tokenizer)
    assert len(ask(find(str(folder)), requests("tiny", 2))) == 2
    load.check(weights)
    assert "whole matrices" in adapters.not_in_vllm(rewrite(folder, modules_to_save=None))
    assert not vllm_support.is_supported(weights)


def test_settings_that_say_nothing_are_taken(llama, tmp_path):
    asked = requests("tiny", 1)
    folder = save(llama, tmp_path / "adapter", lora())
    expected = ask(find(str(folder)), asked)
    nothing = {"rank_pattern": None, "alpha_pattern": None, "new_setting": None, "another": False, "more": {}}
    rewrite(folder, **nothing, revision=None)
    assert ask(find(str(folder)), asked) == expected
    assert adapters.rank(folder) == 4
    assert adapters.rank(rewrite(folder, rank_pattern={"q_proj": 16})) == 16
    assert adapters.rank(rewrite(folder, rank_pattern=[3], r=None)) == 0


def layer(weights):
    return {name: value for name, value in weights.items() if ".1." not in name}


def prefixed(weights):
    return {f"module.{name}": value for name, value in weights.items()}


def elsewhere(weights):
    return {name.replace("layers", "blocks"): value for name, value in weights.items()}


def nan(weights):
    return {name: value + float("nan") for name, value in weights.items()}


def narrow(weights):
    return {name: value[..., :-1].clone() for name, value in weights.items()}


@pytest.mark.parametrize(
    ("new", "settings", "message"),
    [
        (layer, {}, r"does not fit LlamaForCausalLM: \d+ of its weights are missing"),
        (prefixed, {}, r"are not the model's .*have 'module\.' in them"),
        (elsewhere, {}, r"are not the model's \(.*blocks"),
        (nan, {}, r"the adapter in .* is spoilt: .* are NaN or infinite"),
        (narrow, {}, r"cannot load the adapter in .*size mismatch"),
        (dict, {"new_setting": 3}, r"PEFT .* does not know and would leave aside: new_setting = 3 \(it was saved with"),
        (dict, {"peft_type": "STEAM"}, r"has the type STEAM, which PEFT .* does not know"),
        (dict, {"peft_type": None}, r"has the type None"),
        (dict, {"r": "many"}, r"cannot load the adapter in"),
        (dict, {"target_modules": ["nowhere"]}, r"cannot load the adapter in .*nowhere"),
    ],
)
def test_an_adapter_that_does_not_fit_is_one_line(llama, tmp_path, new, settings, message):
    """Also where vLLM is to load it: its weights are looked at before."""
    folder = rewrite(change(save(llama, tmp_path / "adapter", lora()), new), **settings)
    checkpoint = find(str(folder))
    with pytest.raises(CheckpointError, match=message) as error:
        ask(checkpoint, requests("tiny", 1))
    assert "\n" not in str(error.value)
    if not message.startswith("cannot load"):  # what PEFT cannot load is left to vLLM
        with pytest.raises(CheckpointError, match=message):
            load.check(checkpoint.weights())


@pytest.mark.parametrize("name", [None, "", " ", 7, [], "oracle", "reward", "sft-lora", "./nowhere", "."])
def test_an_adapter_that_is_for_nothing_is_one_line(llama, tmp_path, name, monkeypatch):
    folder = rewrite(save(llama, tmp_path / "adapter", lora()), base_model_name_or_path=name)
    monkeypatch.chdir(folder)
    with pytest.raises(CheckpointError, match=r"adapter.*(does not say|is for).*") as error:
        find(str(folder))
    assert "\n" not in str(error.value)


def test_an_adapter_for_an_adapter_is_not_taken_for_one_of_its_whole_model(llama, tmp_path):
    first = save(llama, tmp_path / "first", lora())
    second = rewrite(save(llama, tmp_path / "second", lora()), base_model_name_or_path=str(first))
    with pytest.raises(CheckpointError, match="is an adapter itself: merge that one"):
        find(str(second))
    with pytest.raises(CheckpointError, match="is an adapter itself: merge that one"):
        Folder("second", second, find(str(first))).weights()


def test_vllm_does_not_start_for_an_adapter_that_it_cannot_run(llama, tmp_path):
    folder = save(llama, tmp_path / "adapter", KINDS["prompt tuning"])
    engine = vllm.VLLM()
    with pytest.raises(CheckpointError, match=r"vllm cannot run .*PROMPT_TUNING.*--engine transformers runs it"):
        list(engine.generate(find(str(folder)), requests("tiny", 1)))
    assert engine._child is None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"trainable_token_indices": [3]}, "trainable_token_indices"),
        ({"init_lora_weights": "pissa"}, "begun with pissa"),
        ({"init_lora_weights": "gaussian"}, ""),
        ({"bias": "lora_only"}, "biases"),
        ({"peft_type": "LOHA"}, "type is LOHA"),
        ({"modules_to_save": []}, ""),
    ],
)
def test_what_vllm_does_not_run_is_known_from_the_settings(tmp_path, settings, reason):
    (tmp_path / ADAPTER).write_text(json.dumps({"peft_type": "LORA", "r": 4} | settings))
    assert reason in adapters.not_in_vllm(tmp_path)
    assert bool(adapters.not_in_vllm(tmp_path)) == bool(reason)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_settings_that_cannot_be_read_are_one_line(llama, tmp_path, text):
    folder = save(llama, tmp_path / "adapter", lora())
    (folder / ADAPTER).write_text(text)
    with pytest.raises(CheckpointError, match=ADAPTER):
        find(str(folder))

"""Other families' models and adapters: asked, tuned by our recipes, and held against transformers and PEFT alone."""

import json
import shutil

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from benchmark.mazes.errors import CheckpointError
from models import adapter_check, load, registry
from models.__main__ import main
from models.recipes import RECIPES
from models.registry import Choices, find
from models.weights import ADAPTER, Weights, is_adapter, readdress, weights_digest

from ..asking import ask, requests
from . import strangers


@pytest.fixture(scope="module", params=strangers.FAMILIES)
def stranger(request, tmp_path_factory):
    """The folder of a model of another family."""
    return strangers.save(tmp_path_factory.mktemp("stranger") / request.param.lower(), request.param)


@pytest.fixture
def adapter(stranger, tmp_path):
    """An adapter for it, with weights that are not zeros."""
    model = AutoModelForCausalLM.from_pretrained(stranger)
    is_gpt2 = stranger.name == "gpt2"
    config = LoraConfig(r=4, target_modules="all-linear", fan_in_fan_out=is_gpt2, init_lora_weights=False)
    get_peft_model(model, config).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def replies(checkpoint):
    return [reply.text for reply in ask(checkpoint, requests("tiny", 2))]


def test_a_model_answers_by_its_path(stranger):
    found = find(str(stranger))
    assert found.name == stranger.name
    assert len(replies(found)) == 2


def test_an_adapter_answers_by_its_path_as_peft_says(stranger, adapter):
    tokenizer = load.tokenizer(Weights(stranger))
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(stranger), adapter).eval()
    (reply,) = ask(find(str(adapter)), requests("tiny", 1))
    inputs = tokenizer(requests("tiny", 1)[0].prompt, return_tensors="pt")
    with torch.inference_mode():
        written = model.generate(**inputs, max_new_tokens=20, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert reply.text.startswith(tokenizer.decode(written[:15], skip_special_tokens=True))
    assert replies(find(str(adapter))) != replies(find(str(stranger)))


def test_an_adapter_is_checked(stranger, adapter, capsys):
    assert main(["check", str(adapter)]) == 0
    assert "its logits differ from those of" in capsys.readouterr().out
    found = adapter_check.check_adapter(find(str(adapter)).weights(), "Which way?")
    assert found["from_base"] > 0.01
    assert found["from_merged"] < 1e-4


def test_an_adapter_of_zeros_is_found_and_not_asked(stranger, adapter, capsys):
    weights = load_file(adapter / "adapter_model.safetensors")
    zeros = {name: value * 0 if "lora_B" in name else value for name, value in weights.items()}
    save_file(zeros, adapter / "adapter_model.safetensors")
    assert main(["check", str(adapter)]) == 2
    assert f"the adapter in {adapter} changes nothing" in capsys.readouterr().err
    with pytest.raises(CheckpointError, match="changes nothing"):
        replies(find(str(adapter)))


def test_a_whole_model_has_no_adapter_to_check(stranger, capsys):
    assert main(["check", str(stranger)]) == 2
    assert "is a whole model and no adapter" in capsys.readouterr().err


def test_adapters_that_cannot_be_used_say_why(stranger, adapter, tmp_path):
    shutil.copytree(adapter, tmp_path / "pickled")
    (tmp_path / "pickled" / "adapter_model.safetensors").rename(tmp_path / "pickled" / "adapter_model.bin")
    with pytest.raises(CheckpointError, match="pickles are not loaded"):
        find(str(tmp_path / "pickled"))
    readdress(adapter, {"base_model_name_or_path": "/nowhere/at/all"})
    with pytest.raises(CheckpointError, match="is for '/nowhere/at/all', which is not here"):
        find(str(adapter))
    (adapter / ADAPTER).write_text("[]")
    with pytest.raises(CheckpointError, match="does not say what model the adapter is for"):
        find(str(adapter))


@pytest.mark.slow
def test_all_recipes_work_on_it(tiny_recipes, stranger, capsys):
    """From the stranger's own weights to each fine-tune: one adapter on one base, and the second build is the first."""
    chats = stranger.name == "qwen3"
    for method in ("sft", "dpo", "orpo", "rlhf", "rlvr"):
        found = find(f"{method}:{stranger}")
        assert found.prompt_style == ("chat" if chats else "plain")
        weights = found.weights()
        assert weights.whole == stranger
        assert is_adapter(weights.folder)
        assert find(f"{method}:{stranger}").place() == weights.folder
        assert find(str(weights.folder)).weights().whole == stranger  # the adapter knows what it is for
    assert adapter_check.check_adapter(find(f"sft:{stranger}").weights(), "Which way?")["from_base"] > 0
    assert len(ask(find(f"sft:{stranger}"), requests("tiny", 2, style="chat" if chats else "plain"))) == 2


def test_all_weights_of_it_can_be_tuned_too(tiny_recipes, stranger):
    names = {"whole": {"recipe": "sft", "from": str(stranger), "lora_rank": 0}}
    weights = find("whole", Choices(names)).weights()
    assert weights.base is None
    assert weights_digest(weights.folder) != weights_digest(stranger)


def test_a_chain_of_our_own_adapters_is_one_adapter_on_the_base(tiny_recipes):
    for name in ("sft-lora", "dpo-lora"):
        weights = find(name).weights()
        assert weights.whole == find("base").weights().folder
        assert adapter_check.check_adapter(weights, requests("tiny", 1)[0].prompt)["from_merged"] < adapter_check.MERGED
    assert find("dpo", Choices(lora=True)) == find("dpo-lora")
    # told to start from sft, it went on with the parent's adapter
    assert find("dpo-lora").parent == find("sft-lora")
    assert registry.built("dpo").weights().base is None
    assert RECIPES["dpo"].lora_rank == 0


@pytest.fixture
def with_code(tmp_path):
    """A model whose architecture is code that lies beside it; the code says when it is run."""
    folder = strangers.save(tmp_path / "own", "Qwen3")
    (folder / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import Qwen3Config, Qwen3ForCausalLM\n"
        f"Path({str(tmp_path / 'ran')!r}).touch()\n"
        "class OwnConfig(Qwen3Config):\n"
        "    model_type = 'own'\n"
        "class OwnModel(Qwen3ForCausalLM):\n"
        "    config_class = OwnConfig\n"
    )
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "own",
        "architectures": ["OwnModel"],
        "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_the_code_of_a_model_is_run_when_that_was_asked_for_and_never_else(with_code, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    with pytest.raises(CheckpointError, match="--trust-remote-code"):
        replies(find(str(with_code)))
    assert not (tmp_path / "ran").exists()
    trusted = find(str(with_code), Choices(remote_code=True))
    assert type(load.model(trusted.weights())).__name__ == "OwnModel"
    assert (tmp_path / "ran").exists()
    assert len(replies(trusted)) == 2

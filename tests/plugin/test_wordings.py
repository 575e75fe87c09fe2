"""Which wording each checkpoint is asked with."""

import argparse
import json
import shutil

import pytest

from benchmark.mazes.prompt import DEFAULT_WORDINGS, WORDINGS, PromptOptions
from fixtures.choice import choose
from models import store
from models.inference.forecast import describe_asking
from models.registry import find
from models.weights import ADAPTER

from ..models import strangers


@pytest.fixture(scope="module")
def qwen(tmp_path_factory):
    return strangers.save(tmp_path_factory.mktemp("wordings") / "qwen3", "Qwen3")


@pytest.fixture
def wording(pytestconfig):
    """The wording of a checkpoint, by its name and the options of the command line."""

    def find_wording(name, **given):
        options = argparse.Namespace(**vars(pytestconfig.option) | {"checkpoint": [str(name)]} | given)
        (prompt,) = choose(options, pytestconfig.rootpath).prompts.values()
        return prompt.wording

    return find_wording


def test_a_third_party_model_is_asked_as_models_follow_best_in_its_style(qwen, wording):
    assert wording(qwen) == DEFAULT_WORDINGS["chat"]
    assert wording(qwen, prompt="plain") == DEFAULT_WORDINGS["plain"]


@pytest.mark.parametrize("name", ["base", "sft", "dpo-lora", "oracle", "sft:org/name"])
def test_what_we_trained_is_asked_as_it_was_taught_and_agents_as_in_earlier_runs(wording, name):
    assert wording(name) == "v1"


def test_the_product_of_a_recipe_that_was_moved_is_asked_as_it_was_taught(qwen, wording, tmp_path):
    folder = shutil.copytree(qwen, tmp_path / "moved")
    (folder / store.RECORD).write_text(json.dumps({"recipe": {"style": "chat"}}))
    assert wording(folder) == "v1"
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / ADAPTER).write_text(json.dumps({"base_model_name_or_path": str(folder)}))
    (adapter / "adapter_model.safetensors").touch()
    assert find(str(adapter)).is_taught


@pytest.mark.parametrize("given", WORDINGS)
def test_the_user_decides(qwen, wording, given):
    assert wording(qwen, wording=given) == wording("sft", wording=given) == given


def test_it_is_said_how_a_third_party_model_is_asked(qwen, tiny_model):
    chat, plain = (PromptOptions(prompt_style=style, wording="v8") for style in ("chat", "plain"))
    assert describe_asking(find(str(qwen)), chat) == "asked through its chat template, wording v8"
    assert describe_asking(find(str(qwen)), plain) == (
        "asked with a plain prompt, although it has a chat template, wording v8"
    )
    assert describe_asking(find(str(tiny_model)), plain) == "asked with a plain prompt, wording v8"

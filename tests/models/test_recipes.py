"""Real recipes, made tiny."""

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.recipes.dpo import Dpo
from models.recipes.orpo import Orpo
from models.recipes.pretrain import Pretrain
from models.recipes.reward import Reward
from models.recipes.rlhf import Rlhf
from models.recipes.rlvr import Rlvr
from models.recipes.sft import Sft


def test_the_default_base_is_small_enough():
    from models import tokenizer

    model = Pretrain().model(tokenizer.build())
    assert sum(parameter.numel() for parameter in model.parameters()) <= 4_000_000


def test_pretraining_lowers_the_loss_and_saves_what_transformers_loads(tiny_recipe, tmp_path):
    from dataclasses import replace

    short = tiny_recipe.build({}, tmp_path / "short", tmp_path)
    (tmp_path / "work").mkdir()
    long = replace(tiny_recipe, steps=60).build({}, tmp_path / "long", tmp_path / "work")
    assert long["loss"] < short["loss"]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "long")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "long")
    assert sum(parameter.numel() for parameter in model.parameters()) == long["parameters"]
    assert model.config.vocab_size == len(tokenizer)


def test_an_interrupted_pretraining_ends_with_the_same_weights(tiny_recipe, tmp_path, monkeypatch):
    import models.recipes.pretrain as pretrain

    monkeypatch.setattr(pretrain, "SAVE_EVERY", 3)
    tiny_recipe.build({}, tmp_path / "whole", tmp_path)
    (tmp_path / "step.safetensors").unlink()

    documents, asked = Pretrain.documents, []

    def interrupted(self, step):
        asked.append(step)
        if step == 5 and 5 not in asked[:-1]:
            raise KeyboardInterrupt
        return documents(self, step)

    monkeypatch.setattr(Pretrain, "documents", interrupted)
    try:
        tiny_recipe.build({}, tmp_path / "resumed", tmp_path)
    except KeyboardInterrupt:
        tiny_recipe.build({}, tmp_path / "resumed", tmp_path)
    assert asked == [0, 1, 2, 3, 4, 5, 3, 4, 5]
    whole, resumed = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "resumed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_sft_teaches_the_reply_alone_and_saves_what_transformers_loads(tiny, tiny_model, tmp_path):
    target = tmp_path / "sft"
    figures = Sft(examples=160, batch=8, sizes=(4,), warmup=1).build(tiny, target, tmp_path)
    assert 0 < figures["loss"] < 10
    base, tuned = (load_file(folder / "model.safetensors") for folder in (tiny_model, target))
    assert base.keys() == tuned.keys()
    assert not torch.equal(base["model.embed_tokens.weight"], tuned["model.embed_tokens.weight"])
    assert len(AutoTokenizer.from_pretrained(target)) == len(AutoTokenizer.from_pretrained(tiny_model))


SMALL = {"batch": 8, "sizes": (4, 5), "warmup": 1, "examples": 32}


def _moved(before, after):
    """Whether training changed the weights, and left the shapes as they were."""
    old, new = (load_file(folder / "model.safetensors") for folder in (before, after))
    assert {name: value.shape for name, value in old.items()} == {name: value.shape for name, value in new.items()}
    return any(not torch.equal(old[name], new[name]) for name in old)


@pytest.mark.parametrize("recipe", [Dpo(**SMALL, own=8), Orpo(**SMALL)], ids=["dpo", "orpo"])
def test_preferences_move_the_weights(tiny, tiny_model, tmp_path, recipe):
    figures = recipe.build(tiny, tmp_path / "tuned", tmp_path)
    assert figures["loss"] > 0
    assert _moved(tiny, tiny_model, tmp_path / "tuned")
    assert not list((tmp_path / "tuned").glob("*.bin"))  # no pickle
    if isinstance(recipe, Dpo):
        assert figures["own_mistakes"] == 8  # this model gets nothing right


def test_a_judge_is_trained_and_judges_what_it_is_to_judge(tiny, tiny_model, tmp_path):
    (tmp_path / "a").mkdir()
    figures = Reward(**SMALL | {"examples": 240}, rate=3e-3).build(tiny, tmp_path / "reward", tmp_path / "a")
    assert 0 <= figures["accuracy_last"] <= 1
    (tmp_path / "b").mkdir()
    rlhf = Rlhf(mazes=4, group=2, batch=4, size=4, warmup=0, rate=1e-2)
    figures = rlhf.build(tiny, tmp_path / "rlhf", tmp_path / "b", tmp_path / "reward")
    assert figures["zero_std"] < 1  # a judge tells replies apart, even those that are all wrong
    assert _moved(tiny, tiny_model, tmp_path / "rlhf")


def test_reinforcement_by_the_verifier_runs_and_says_when_there_is_nothing_to_learn_from(tiny, tiny_model, tmp_path):
    rlvr = Rlvr(mazes=4, group=2, batch=4, size=4, warmup=0)
    figures = rlvr.build(tiny, tmp_path / "rlvr", tmp_path)
    assert figures["reward_first"] == figures["reward_last"] == 0.0  # this model gets nothing right
    assert figures["zero_std"] == 1.0
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "rlvr").config.vocab_size > 0

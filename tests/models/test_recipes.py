"""Real recipes, made tiny."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.mazes.errors import CheckpointError
from models.nano import pretraining, tokenizer
from models.recipes.dpo import DPO
from models.recipes.orpo import ORPO
from models.recipes.pretrain import Pretrain
from models.recipes.reward import Reward
from models.recipes.rlhf import RLHF
from models.recipes.rlvr import RLVR
from models.recipes.sft import SFT
from models.training.progress import Progress
from models.weights import Weights, weights_digest

from ..tiny import FEW, RECIPES, SMALL


def build(recipe, parent, folder, judge=None):
    """The product of a recipe in `folder`, and its figures."""
    work = folder.parent / f"{folder.name}-work"
    folder.mkdir(), work.mkdir()
    needed = {"parent": Weights(parent)} | ({"judge": Weights(judge)} if judge else {})
    return recipe.build(needed, folder, work)


def test_the_default_base_is_small_enough():
    model = pretraining.build_model(Pretrain(), tokenizer.build())
    assert sum(parameter.numel() for parameter in model.parameters()) <= 4_000_000


def test_pretraining_lowers_the_loss_and_saves_what_transformers_loads(tmp_path):
    short = RECIPES["base"].build({}, tmp_path / "short", tmp_path)
    (tmp_path / "work").mkdir()
    long = replace(RECIPES["base"], max_steps=60).build({}, tmp_path / "long", tmp_path / "work")
    assert long["loss"] < short["loss"]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "long")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "long")
    assert sum(parameter.numel() for parameter in model.parameters()) == long["parameters"]
    assert model.config.vocab_size == len(tokenizer)
    curve = pd.read_csv(tmp_path / "long" / "curve.csv")
    assert list(curve["step"]) == [20, 40, 60]
    assert curve["loss"].is_monotonic_decreasing


def test_an_interrupted_pretraining_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining, "SAVE_EVERY", 3)
    RECIPES["base"].build({}, tmp_path / "whole", tmp_path)
    (tmp_path / "step.safetensors").unlink()

    documents_at, asked = pretraining.documents_at, []

    def interrupted(settings, step):
        asked.append(step)
        if step == 5 and 5 not in asked[:-1]:
            raise KeyboardInterrupt
        return documents_at(settings, step)

    monkeypatch.setattr(pretraining, "documents_at", interrupted)
    try:
        RECIPES["base"].build({}, tmp_path / "resumed", tmp_path)
    except KeyboardInterrupt:
        RECIPES["base"].build({}, tmp_path / "resumed", tmp_path)
    assert asked == [0, 1, 2, 3, 4, 5, 3, 4, 5]
    assert weights_digest(tmp_path / "whole") == weights_digest(tmp_path / "resumed")


def test_sft_teaches_the_reply_alone_and_saves_what_transformers_loads(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(Progress, "TIMES", 4)
    figures = build(SFT(num_examples=160, batch_size=8, sizes=(4,), warmup_steps=1), tiny_model, tmp_path / "sft")
    assert 0 < figures["loss"] < 10
    assert _moved(tiny_model, tmp_path / "sft")
    assert len(AutoTokenizer.from_pretrained(tmp_path / "sft")) == len(AutoTokenizer.from_pretrained(tiny_model))
    curve = pd.read_csv(tmp_path / "sft" / "curve.csv")
    assert curve["loss"].notna().any()
    assert list(curve[curve["solved"].notna()]["step"]) == [5, 10, 15, 20]  # now and then, on mazes of validation
    assert (tmp_path / "sft" / "curve.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize("lora", [0, 4], ids=["whole", "lora"])
@pytest.mark.parametrize(
    "recipe", [SFT(**SMALL, num_examples=64), DPO(**SMALL, num_examples=16, on_policy_mazes=8)], ids=["sft", "dpo"]
)
def test_the_same_build_again_gives_the_same_weights_bit_for_bit(tiny_model, tmp_path, recipe, lora):
    for name in ("first", "again"):
        build(replace(recipe, lora_rank=lora), tiny_model, tmp_path / name)
    assert weights_digest(tmp_path / "first") == weights_digest(tmp_path / "again")


def _moved(before, after):
    """Whether training changed the weights, and left the shapes as they were."""
    old, new = (load_file(folder / "model.safetensors") for folder in (before, after))
    assert {name: value.shape for name, value in old.items()} == {name: value.shape for name, value in new.items()}
    return any(not torch.equal(old[name], new[name]) for name in old)


@pytest.mark.parametrize(
    "recipe", [DPO(**SMALL, num_examples=32, on_policy_mazes=8), ORPO(**SMALL, num_examples=32)], ids=["dpo", "orpo"]
)
def test_preferences_move_the_weights(tiny_model, tmp_path, recipe):
    figures = build(recipe, tiny_model, tmp_path / "tuned")
    assert figures["loss"] > 0
    assert _moved(tiny_model, tmp_path / "tuned")
    assert not list((tmp_path / "tuned").glob("*.bin"))  # no pickle
    if isinstance(recipe, DPO):
        assert figures["own_mistakes"] == 8  # this model gets nothing right


@pytest.mark.parametrize("talk", [False, True], ids=["texts", "conversations"])
def test_peoples_own_preferences_take_the_place_of_ours(tiny_model, tmp_path, talk):
    pairs = [{"prompt": f"Which way, {n}?", "chosen": "answer: R", "rejected": "answer: L"} for n in range(16)]
    if talk:
        (tiny := tmp_path / "tiny").mkdir()
        for file in tiny_model.iterdir():
            (tiny / file.name).write_bytes(file.read_bytes())
        (tiny / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}\n{% endfor %}")
        tiny_model = tiny
        roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
        pairs = [{key: [{"role": roles[key], "content": pair[key]}] for key in roles} for pair in pairs]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    recipe = DPO(**SMALL, preference_file=str(file), on_policy_mazes=0)
    assert list(recipe.data()) == pairs
    build(recipe, tiny_model, tmp_path / "tuned")
    assert _moved(tiny_model, tmp_path / "tuned")
    # what is in the file decides the digest, and not where it lies
    (other := tmp_path / "other.jsonl").write_text(file.read_text())
    assert replace(recipe, preference_file=str(other)).describe() == recipe.describe()
    other.write_text(file.read_text().replace("answer: L", "answer: U"))
    assert replace(recipe, preference_file=str(other)).describe() != recipe.describe()
    other.write_text("{}\n")
    with pytest.raises(CheckpointError, match=r"other\.jsonl, line 1"):
        replace(recipe, preference_file=str(other)).describe()


def test_a_judge_is_trained_and_judges_what_it_is_to_judge(tiny_model, tmp_path):
    figures = build(Reward(**SMALL, num_examples=240, learning_rate=3e-3), tiny_model, tmp_path / "reward")
    assert 0 <= figures["accuracy_last"] <= 1
    figures = build(RLHF(**FEW, learning_rate=1e-2), tiny_model, tmp_path / "rlhf", tmp_path / "reward")
    assert figures["zero_std"] < 1  # a judge tells replies apart, even those that are all wrong
    assert _moved(tiny_model, tmp_path / "rlhf")


def test_reinforcement_by_the_verifier_runs_and_says_when_there_is_nothing_to_learn_from(tiny_model, tmp_path, capsys):
    figures = build(RLVR(**FEW), tiny_model, tmp_path / "rlvr")
    assert figures["reward_first"] == figures["reward_last"] == 0.0  # this model gets nothing right
    assert figures["zero_std"] == 1.0
    assert (
        "rlvr: reward collapse: in all groups all replies had the same reward, so that nothing was learned from"
        in capsys.readouterr().err
    )
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "rlvr").config.vocab_size > 0

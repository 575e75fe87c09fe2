"""Real recipes, made tiny."""

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.recipes.pretrain import Pretrain
from models.recipes.sft import Sft


def test_the_default_base_is_small_enough():
    from models import tokenizer

    model = Pretrain().model(tokenizer.build())
    assert sum(parameter.numel() for parameter in model.parameters()) <= 4_000_000


def test_pretraining_lowers_the_loss_and_saves_what_transformers_loads(tiny_recipe, tmp_path):
    from dataclasses import replace

    short = tiny_recipe.build(None, tmp_path / "short", tmp_path)
    (tmp_path / "work").mkdir()
    long = replace(tiny_recipe, steps=60).build(None, tmp_path / "long", tmp_path / "work")
    assert long["loss"] < short["loss"]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "long")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "long")
    assert sum(parameter.numel() for parameter in model.parameters()) == long["parameters"]
    assert model.config.vocab_size == len(tokenizer)


def test_an_interrupted_pretraining_ends_with_the_same_weights(tiny_recipe, tmp_path, monkeypatch):
    import models.recipes.pretrain as pretrain

    monkeypatch.setattr(pretrain, "SAVE_EVERY", 3)
    tiny_recipe.build(None, tmp_path / "whole", tmp_path)
    (tmp_path / "step.safetensors").unlink()

    documents, asked = Pretrain.documents, []

    def interrupted(self, step):
        asked.append(step)
        if step == 5 and 5 not in asked[:-1]:
            raise KeyboardInterrupt
        return documents(self, step)

    monkeypatch.setattr(Pretrain, "documents", interrupted)
    try:
        tiny_recipe.build(None, tmp_path / "resumed", tmp_path)
    except KeyboardInterrupt:
        tiny_recipe.build(None, tmp_path / "resumed", tmp_path)
    assert asked == [0, 1, 2, 3, 4, 5, 3, 4, 5]
    whole, resumed = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "resumed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_sft_teaches_the_reply_alone_and_saves_what_transformers_loads(tiny_model, tmp_path):
    target = tmp_path / "sft"
    figures = Sft(examples=160, batch=8, sizes=(4,), warmup=1).build(tiny_model, target, tmp_path)
    assert 0 < figures["loss"] < 10
    base, tuned = (load_file(folder / "model.safetensors") for folder in (tiny_model, target))
    assert base.keys() == tuned.keys()
    assert not torch.equal(base["model.embed_tokens.weight"], tuned["model.embed_tokens.weight"])
    assert len(AutoTokenizer.from_pretrained(target)) == len(AutoTokenizer.from_pretrained(tiny_model))

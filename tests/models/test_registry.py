import json
from dataclasses import replace

import pytest

from benchmark.mazes.errors import CheckpointError
from models import registry, store
from models.recipes import RECIPES
from models.recipes.sft import Sft


def test_names_and_folders_are_found(tiny_model):
    assert registry.find("oracle").is_agent
    assert registry.find("sft") == registry.Checkpoint("sft")
    found = registry.find(str(tiny_model))
    assert (found.name, found.folder()) == ("tiny", tiny_model)
    assert registry.find(found.source) == found


def test_an_unknown_name_lists_the_names():
    with pytest.raises(
        CheckpointError,
        match=r"base, sft, dpo, orpo, rlhf, rlvr .*oracle, wall-follower, greedy",
    ):
        registry.find("stf")


def test_a_judge_is_not_asked():
    with pytest.raises(CheckpointError, match="reward values replies and gives none"):
        registry.find("reward")


def test_the_digest_follows_the_judge(monkeypatch):
    first = registry.digest("rlhf")
    monkeypatch.setitem(RECIPES, "reward", replace(RECIPES["reward"], rate=1e-5))
    registry.digest.cache_clear()
    assert registry.digest("rlhf") != first
    registry.digest.cache_clear()


def test_a_folder_without_a_model_says_what_was_looked_for(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json and \*\.safetensors"):
        registry.find(str(tmp_path))


def test_the_digest_follows_every_setting_and_the_parent(monkeypatch):
    first = registry.digest("sft")
    changed = []
    for name, recipe in [("sft", Sft(rate=2e-3)), ("sft", Sft(seed=2)), ("base", type(RECIPES["base"])(layers=3))]:
        with monkeypatch.context() as patch:
            patch.setitem(RECIPES, name, recipe)
            registry.digest.cache_clear()
            changed.append(registry.digest("sft"))
    registry.digest.cache_clear()
    assert len({first, *changed}) == 4
    assert registry.digest("sft") == first


def test_the_shipped_base_is_the_product_of_the_recipe_that_stands_here():
    card = json.loads((registry.SHIPPED / "base" / store.CARD).read_text())
    assert card["digest"] == registry.digest("base")
    assert registry.find("base").folder() == registry.SHIPPED / "base"
    assert card["weights"] == registry.weights_digest(registry.SHIPPED / "base")
    assert sum(file.stat().st_size for file in (registry.SHIPPED / "base").iterdir()) < 8e6

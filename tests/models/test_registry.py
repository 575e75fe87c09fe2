import json
import shutil
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


@pytest.fixture
def tiny_base(monkeypatch, tmp_path, tiny_recipe):
    """A base that is built in a store of its own."""
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(RECIPES, "base", tiny_recipe)
    registry.digest.cache_clear()
    yield
    registry.digest.cache_clear()


@pytest.mark.parametrize("spoil", ["flip", "cut", "card", "gone"])
def test_spoilt_weights_are_found_named_and_built_again(tiny_base, capsys, spoil):
    folder = registry.obtain("base")
    weights, card = folder / "model.safetensors", folder / store.CARD
    before = weights.read_bytes()
    if spoil == "flip":
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    elif spoil == "cut":
        weights.write_bytes(before[:-100])
    elif spoil == "card":
        card.write_text("{")
    else:
        weights.unlink()
    assert registry.place("base") is None
    capsys.readouterr()
    assert registry.obtain("base") == folder
    told = capsys.readouterr().out
    assert "base is built again" in told
    assert str(card if spoil == "card" else folder) in told
    assert weights.read_bytes() == before  # the same seed on one machine: bit for bit


def test_a_shipped_checkpoint_that_was_changed_says_how_to_bring_it_back(monkeypatch, tmp_path):
    shutil.copytree(registry.SHIPPED, tmp_path / "shipped")
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    weights = tmp_path / "shipped" / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(CheckpointError, match=r"model\.safetensors are not those that were built.*git checkout"):
        registry.place("base")

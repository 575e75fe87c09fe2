"""`python -m models` as a person uses it."""

import json

import pytest

from models import registry
from models.__main__ import main
from models.recipes import RECIPES
from models.recipes.sft import Sft


@pytest.fixture
def tiny_recipes(monkeypatch, tmp_path, tiny_recipe):
    """A store of its own, and recipes that take seconds."""
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(RECIPES, "base", tiny_recipe)
    monkeypatch.setitem(RECIPES, "sft", Sft(examples=96, batch=8, sizes=(4, 5), warmup=1))
    registry.digest.cache_clear()
    yield
    registry.digest.cache_clear()


def test_checkpoints_are_built_listed_shown_and_removed(tiny_recipes, capsys, tmp_path):
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("not built") == len(RECIPES)
    assert main(["build", "sft"]) == 0
    assert f"sft: {tmp_path / 'home'}" in capsys.readouterr().out
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert out.count("not built") == len(RECIPES) - 2  # its parent was built too
    assert main(["show", "sft"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["digest"] == registry.digest("sft")
    assert card["parent"] == registry.digest("base")
    assert main(["remove", "sft"]) == 0
    assert registry.place("sft") is None
    assert registry.place("base") is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "stf"], "no recipe 'stf'; there are base, sft"),
        (["show", "sft"], "sft is not built: `python -m models build sft` builds it"),
        (["remove", "sft"], "sft is not in the store"),
        (["remove", "../../etc"], "no recipe '../../etc'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(tiny_recipes, capsys, arguments, message):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err

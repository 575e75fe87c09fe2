"""Recipes that take seconds, and a store of their own."""

import pytest

from models.recipes import RECIPES
from models.recipes.dpo import Dpo
from models.recipes.orpo import Orpo
from models.recipes.reward import Reward
from models.recipes.rlhf import Rlhf
from models.recipes.rlvr import Rlvr
from models.recipes.sft import Sft

SMALL = {"batch": 8, "sizes": (4, 5), "warmup": 1}
FEW = {"examples": 4, "group": 2, "batch": 4, "sizes": (4,), "warmup": 0}


@pytest.fixture
def tiny_recipes(monkeypatch, tmp_path, tiny_recipe):
    """All recipes, made tiny."""
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    tiny = {
        "base": tiny_recipe,
        "sft": Sft(**SMALL, examples=96),
        "dpo": Dpo(**SMALL, examples=32, own=8),
        "orpo": Orpo(**SMALL, examples=32),
        "reward": Reward(**SMALL, examples=80),
        "rlhf": Rlhf(**FEW),
        "rlvr": Rlvr(**FEW),
    }
    for name, recipe in tiny.items():
        monkeypatch.setitem(RECIPES, name, recipe)

"""Recipes that take seconds, and a store of their own."""

import pytest

from models.recipes import RECIPES

from .. import tiny


@pytest.fixture
def tiny_recipes(monkeypatch, tmp_path):
    """All recipes, made tiny."""
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    for name, recipe in tiny.RECIPES.items():
        monkeypatch.setitem(RECIPES, name, recipe)

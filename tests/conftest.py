"""What the tests share: hypothesis without a clock, a tiny real model, and pytest driven as a user drives it."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("labirinto", deadline=None)  # the first example compiles Numba code
settings.load_profile("labirinto")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def tiny_recipe():
    """A base of one layer, trained for a few steps: real in all but skill."""
    from models.recipes.pretrain import Pretrain

    return Pretrain(layers=1, width=32, heads=2, steps=6, warmup=2, decay=2, cells=64, sizes=((0, (4,)), (3, (5,))))


@pytest.fixture(scope="session")
def tiny_model(tiny_recipe, tmp_path_factory):
    """The folder of that base."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    work = tmp_path_factory.mktemp("work")
    tiny_recipe.build({}, folder, work)
    return folder

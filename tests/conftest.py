"""What the tests share: hypothesis without a clock, a tiny real model, and pytest driven as a user drives it."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# the first example compiles Numba code; the gate says the same twice, and whoever runs the tests looks at new examples
settings.register_profile("labirinto", deadline=None, derandomize="LABIRINTO_GATE" in os.environ)
settings.load_profile("labirinto")

ROOT = Path(__file__).parents[1]


def pytest_configure(config):
    """Warnings are errors in our own tests, and nobody else's session dies of them."""
    config.addinivalue_line("filterwarnings", "error")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The folder of a base that was trained for a few steps."""
    from .tiny import RECIPES

    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    RECIPES["base"].build({}, folder, tmp_path_factory.mktemp("work"))
    return folder

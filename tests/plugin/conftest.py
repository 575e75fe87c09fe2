"""A project of its own for every test: our conftest and test file, a store and runs that are thrown away."""

import shutil

import pytest

from ..conftest import ROOT

INI = """
[pytest]
addopts = --strict-markers -p fixtures.plugin -p reports.plugin
filterwarnings = error
"""
TINY = """
from models.recipes import RECIPES
from tests import tiny
RECIPES.update(tiny.RECIPES)
"""
LONG = (
    TINY
    + """
from models.training import trainer
from models.recipes.sft import SFT
RECIPES["sft"] = SFT(**tiny.SMALL, num_examples=800)  # 100 steps
trainer.SAVE_EVERY = 60
"""
)


@pytest.fixture(scope="session", autouse=True)
def loaded():
    """pytester forgets what a session in this process has imported, and Numba cannot be imported twice."""
    import matplotlib.figure  # noqa: F401
    import pandas as pd  # noqa: F401

    from benchmark.mazes import agents, score
    from benchmark.mazes.labirinto_v1 import SUITE

    case = SUITE.cases("tiny")[0]
    score.score(case.maze, agents.oracle(case))


@pytest.fixture
def project(pytester, monkeypatch):
    """Where pytest is run; `project.extend(code)` adds to its conftest, `project.add(name)` a test file of ours."""
    monkeypatch.setenv("LABIRINTO_HOME", str(pytester.path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    pytester.makeini(INI)
    shutil.copy(ROOT / "benchmark" / "test_mazes.py", pytester.path)
    conftest = pytester.makeconftest((ROOT / "conftest.py").read_text())

    def extend(code):
        with conftest.open("a") as opened:
            opened.write("\n" + code)

    pytester.extend = extend
    pytester.add = lambda name: shutil.copy(ROOT / "benchmark" / name, pytester.path)
    return pytester

"""An engine is one file and one line in ENGINES: here one comes from outside."""

import json
import shutil

import pytest

from benchmark.mazes import agents, answer, score  # noqa: F401  Numba cannot be imported twice, as pytester would do
from models.checkpoints import Built
from models.engines import ENGINES, EngineInfo
from models.inference.cost import choose_cheapest
from models.inference.engine_choice import list_engines
from models.registry import find
from models.requests import Reply

from ..asking import requests
from ..conftest import ROOT

pytest_plugins = ["pytester"]


class Patient:
    """Answers as the oracle does, and says how it was created."""

    startup_seconds = 0.0

    def __init__(self, concurrency):
        self.concurrency = concurrency

    def describe(self, checkpoint):
        return {"engine": "patient", "concurrency": self.concurrency}

    def generate(self, checkpoint, requests):
        for request in requests:
            yield request, Reply(answer.write(agents.oracle(request.case)), 3, truncated=False)

    def close(self):
        pass


PATIENT = EngineInfo(
    "patient",
    f"{__name__}:Patient",
    packages=("pluggy",),
    settings=("concurrency",),
    runs_models=True,
    is_automatic=True,
    supports=lambda checkpoint: isinstance(checkpoint, Built),
    estimate_cost=lambda workload: 1e-4 * len(workload.texts.prompts),
)


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setitem(ENGINES, "patient", PATIENT)


@pytest.fixture
def project(pytester, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", str(pytester.path / "home"))
    monkeypatch.syspath_prepend(ROOT)
    pytester.makeini("[pytest]\naddopts = --strict-markers -p fixtures.plugin -p reports.plugin\n")
    pytester.makeconftest((ROOT / "conftest.py").read_text())
    for name in ("test_mazes.py", "test_throughput.py"):
        shutil.copy(ROOT / "benchmark" / name, pytester.path)
    return pytester


def test_a_session_asks_through_it_and_the_saved_run_says_so(project):
    chosen = ["test_mazes.py", "--checkpoint", "base", "--engine", "patient", "--concurrency", "7"]
    result = project.runpytest_inprocess(*chosen, "-k", "tiny_mazes", "--limit", "4")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["labirinto: *, 0 of 4 replies in the cache, engine: patient", "=* 4 solved*"])
    (saved,) = (project.path / "runs").iterdir()
    provenance = json.loads(saved.read_text().splitlines()[0])
    assert provenance["engine"]["engine"] == "patient"
    assert provenance["engine"]["concurrency"] == 7
    assert "pluggy" in provenance["packages"]


def test_options_and_throughput_know_it(project):
    project.runpytest_inprocess("--engine", "steam").stderr.fnmatch_lines(["*invalid choice: 'steam'*patient*"])
    result = project.runpytest_inprocess("test_throughput.py", "--collect-only", "-q", "--checkpoint", "base")
    result.stdout.fnmatch_lines(["*base-tiny-transformers*", "*base-tiny-vllm*", "*base-tiny-patient*"])


def test_auto_chooses_it_where_it_can_and_is_the_cheapest():
    base = find("base")
    assert "patient" in list_engines(base, "auto")
    assert "patient" not in list_engines(find(str(base.weights().folder)), "auto")
    assert choose_cheapest(list_engines(base, "auto"), base, requests("tiny", 3)) == "patient"
    assert choose_cheapest(["transformers", "patient"], base, requests("tiny", 1)) == "patient"

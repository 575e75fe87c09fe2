"""A format, a measure and a probe task are each a file and a line in a table: one of each is added and used."""

import sys
from types import ModuleType

import numpy as np
import pytest

from models.checkpoints import Folder
from reports.__main__ import main
from reports.measures import MEASURES, Measure
from reports.mri import diff
from reports.mri.tasks import TASKS, ProbeTask
from reports.render import FORMATS, Format
from reports.report import Report
from reports.run import write

from .test_comparison import run


def module(monkeypatch, name, **content):
    """What would be a new file."""
    made = ModuleType(name)
    vars(made).update(content)
    monkeypatch.setitem(sys.modules, name, made)
    return made


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    write(run({"tiny": [True] * 30}), tmp_path / "runs" / "good.jsonl")
    write(run({"tiny": [True] * 10 + [False] * 20}), tmp_path / "runs" / "bad.jsonl")
    return tmp_path


def test_a_format_is_a_file_and_a_line(folder, monkeypatch, capsys):
    def render(report: Report) -> str:
        return f"{len(report.table)} rows of {', '.join(report.runs)}\n"

    count = module(monkeypatch, "count_format", render=render)
    monkeypatch.setitem(FORMATS, "count", Format("the number of rows", count.render, default_path="count.txt"))
    assert main(["show", "good", "--report", "count"]) == 0
    assert (folder / "count.txt").read_text().endswith(" rows of good\n")
    with pytest.raises(SystemExit):
        main(["show", "--help"])
    assert "count: the number of rows" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit):
        main(["show", "good", "--report", "nothing"])
    assert "markdown, count" in capsys.readouterr().err


def test_a_measure_is_a_file_and_a_line(folder, monkeypatch, capsys):
    few = module(
        monkeypatch, "few_walls", FEW_WALLS=Measure("no illegal move", lambda record: record.outcome != "wall")
    )
    monkeypatch.setitem(MEASURES, "legal", few.FEW_WALLS)
    assert main(["compare", "good", "bad", "--fail-on", "legal:2%"]) == 1
    out, err = capsys.readouterr()
    assert "in legal of tiny: 100.0 to 33.3 % of 30" in err
    assert "tiny.legal" in out
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    assert "legal: no illegal move" in " ".join(capsys.readouterr().out.split())


def test_a_probe_task_is_a_file_and_a_line(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))

    def label(probes):
        return np.array([[probe.maze.rows % 2] for probe in probes.probes])

    task = module(monkeypatch, "size_task", SIZE=ProbeTask("prompt", "whether the maze has an odd side", label))
    monkeypatch.setitem(TASKS, "size", task.SIZE)
    base = Folder("base", tiny_model)
    found = diff.diff(base, [Folder("copy", tiny_model)], diff.Options(16, ("tiny",)))
    assert found.targets["size"] == "whether the maze has an odd side"
    assert {reading.layer for reading in found.readings["base"] if reading.target == "size"}

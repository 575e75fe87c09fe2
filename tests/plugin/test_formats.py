"""What a session gives in each format: held against files that are kept, whole."""

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.outcomes import OUTCOMES

pytest_plugins = ["pytester"]

GOLDEN = Path(__file__).parent / "golden"
NAMES = {"markdown": "report.md", "csv": "report.csv", "latex": "report.tex", "latex-pt": "relatorio.tex"}
FEW = ["test_mazes.py", "test_unsolvable.py", "-k", "small", "--limit", "24", "--checkpoint"]


@pytest.fixture
def session(project):
    """A session that is compared with another, its reports in files."""
    project.add("test_unsolvable.py")
    assert project.runpytest_inprocess(*FEW, "wall-follower", "--save", "before").ret == 0
    chosen = [f"--report={name}={file}" for name, file in {**NAMES, "json": "report.json"}.items()]
    return project, project.runpytest_inprocess(*FEW, "greedy", "--compare", "before", *chosen)


def test_all_formats_are_as_they_were(session):
    project, result = session
    assert result.ret == 1
    lines = result.stdout.str().splitlines()
    tables = lines[next(at for at, line in enumerate(lines) if " mazes ==" in line) + 1 :]
    shown = "\n".join(tables[: next(at for at, line in enumerate(tables) if line.startswith("saved "))])
    assert max(map(len, shown.splitlines())) <= 100
    found = {"terminal.txt": shown.strip() + "\n"}
    found |= {file: (project.path / file).read_text() for file in NAMES.values()}
    for file, text in found.items():
        if os.environ.get("LABIRINTO_GOLDEN") == "write":
            (GOLDEN / file).write_text(text)
        assert text == (GOLDEN / file).read_text(), f"{file} has changed; if that is wanted, put it into {GOLDEN}"


def test_csv_and_json_load_in_pandas_and_agree(session):
    project, _ = session
    table = pd.read_csv(project.path / "report.csv")
    whole = json.loads((project.path / "report.json").read_text())
    pd.testing.assert_frame_equal(pd.DataFrame(whole["table"]), table, check_dtype=False, rtol=1e-9)
    shares = table[[column for column in table if column.startswith("outcome_")]]
    assert len(shares.columns) == len(OUTCOMES) - 1
    assert (shares.sum(axis=1) - 100).abs().max() < 1e-6
    (compared,) = whole["compared"].values()
    assert {"against", "rows", "fixed", "broken", "new", "gone"} <= compared.keys()
    assert whole["runs"]["greedy"]["checkpoint"] == {"name": "greedy", "kind": "agent"}


HOSTILE = {"模型\x1b[31m": "greedy", r"_$\frac$|x": "wall-follower", "=1+1\u202e": "constant"}


def test_a_session_reports_checkpoints_of_any_name(project, monkeypatch):
    for name, agent in HOSTILE.items():
        monkeypatch.setitem(AGENTS, name, AGENTS[agent])
    files = {**NAMES, "html": "report.html", "json": "report.json"}
    chosen = [
        *(f"--checkpoint={name}" for name in HOSTILE),
        *(f"--report={name}={file}" for name, file in files.items()),
    ]
    few = ["test_mazes.py", "-k", "tiny_mazes or small_mazes", "--limit", "6", "--junitxml=junit.xml", *chosen]
    assert project.runpytest_inprocess(*few, "--save", "before").ret == 0
    result = project.runpytest_inprocess(*few, "--compare", "before", "--show-changes")
    assert result.ret == 0
    shown = result.stdout.str()
    assert r"模型\x1b[31m against runs/before-" in shown
    assert r"=1+1\u202e" in shown
    for text in (shown, *((project.path / file).read_text() for file in files.values())):
        assert "\x1b" not in text
        assert "\u202e" not in text
    cases = ET.parse(project.path / "junit.xml").findall(".//testcase")
    assert len(cases) == 36
    result.stdout.fnmatch_lines([f"wrote {file}" for file in files.values()])


def test_mazes_that_were_turned_or_drawn_otherwise_have_agents_beside_them(project):
    project.add("test_transfer.py")
    kinds = ["test_transfer.py", "-k", "rotation or drawing or glyphs", "--limit", "3", "--checkpoint", "greedy"]
    assert project.runpytest_inprocess(*kinds, "--report", "csv=report.csv").ret == 0
    table = pd.read_csv(project.path / "report.csv")
    groups = [*SUITE.groups_of_kind("rotation"), *SUITE.groups_of_kind("drawing"), *SUITE.groups_of_kind("glyphs")]
    assert table.group.unique().tolist() == groups
    assert set(table.groupby("group").checkpoint.agg(tuple)) == {
        ("greedy", *(name for name in AGENTS if name != "greedy"))
    }


ONE = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "1", "--checkpoint", "oracle"]


def test_a_report_without_a_file_goes_to_the_terminal(project):
    result = project.runpytest_inprocess(*ONE, "--report", "csv")
    assert "\ngroup,checkpoint,n,solved,low,high" in result.stdout.str()


def test_a_report_that_cannot_be_written_is_told_and_the_run_is_saved(project):
    (project.path / "file").write_text("")
    result = project.runpytest_inprocess(*ONE, "--report", "csv=file/table.csv")
    assert result.ret == 1
    result.stdout.fnmatch_lines_random(["the report csv was not written: cannot write the report file/table.csv: *"])
    assert len(list((project.path / "runs").iterdir())) == 1

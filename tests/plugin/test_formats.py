"""What a session gives in each format: held against files that are kept, whole."""

import json
from pathlib import Path

import pandas as pd
import pytest

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

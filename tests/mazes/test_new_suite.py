"""A second suite, registered from outside."""

import json

import pytest

from benchmark.mazes.__main__ import main
from benchmark.mazes.errors import MazeError
from benchmark.mazes.split import reserved
from benchmark.mazes.suite import SUITES, Group, Suite

GROUPS = {
    "little": Group(3, 3, each=2, generators=("wilson",)),
    "wide": Group(2, 5, each=1, generators=("prim", "dfs")),
    "rotation-little": Group(3, 3, each=1, generators=("wilson",), source="little", turned=True),
}


@pytest.fixture
def suite(monkeypatch):
    suite = Suite("small-v1", GROUPS, tiers=("little", "wide"))
    monkeypatch.setitem(SUITES, suite.name, suite)
    return suite


def test_its_cases_are_its_own(suite):
    cases = list(suite.all_cases())
    assert [f"{case.group}/{case.id}" for case in cases] == [
        "little/wilson-0000",
        "little/wilson-0001",
        "wide/prim-0000",
        "wide/dfs-0000",
        "rotation-little/wilson-0000",
    ]
    assert {case.seed_name().split("/")[0] for case in cases} == {"small-v1"}
    assert all(reserved(case.maze.walls[None])[0] for case in cases)
    assert cases[-1].maze.walls.shape == (3, 3)
    assert suite.generators == ("wilson", "prim", "dfs")
    assert suite.digest == suite.compute_digest()
    assert SUITES["labirinto-v1"].cases("tiny")[0].maze.rows == 4


def test_a_suite_with_a_tier_that_it_has_not_is_refused():
    with pytest.raises(MazeError, match="broken names the group 'huge', but its groups are little, wide"):
        Suite("broken", GROUPS, tiers=("little", "huge"))


def test_its_facts_are_printed(suite, capsys):
    assert main(["facts", "--suite", "small-v1", "--training", "50"]) == 0
    out = capsys.readouterr().out
    assert f"small-v1: 5 cases in 3 groups, digest {suite.digest}" in out
    assert "wide" in out.split("Solved by the")[1]
    assert "2x5" in out.split("in 50 training mazes")[1]


def test_its_cases_are_drawn_and_exported(suite, tmp_path, capsys):
    assert main(["draw", "--suite", "small-v1", "--case", "wide/prim-0000"]) == 0
    assert capsys.readouterr().out.startswith("small-v1 wide/prim-0000\n")
    assert main(["export", str(tmp_path / "suite.jsonl"), "--suite", "small-v1"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "suite.jsonl").read_text().splitlines()]
    assert [row["digest"] for row in rows] == [case.digest for case in suite.all_cases()]

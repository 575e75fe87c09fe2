"""What is collected, in which order it runs, and how it is told."""

import json

import pytest

pytest_plugins = ["pytester"]


def test_ids_name_checkpoint_generator_and_index(project):
    result = project.runpytest_subprocess("--collect-only", "-q", "-k", "large_mazes", "--limit", "2")
    result.stdout.fnmatch_lines(
        [
            "test_mazes.py::test_large_mazes[[]base-dfs-0000[]]",
            "test_mazes.py::test_large_mazes[[]base-wilson-0000[]]",
            "test_mazes.py::test_large_mazes[[]sft-dfs-0000[]]",
            "test_mazes.py::test_large_mazes[[]sft-wilson-0000[]]",
            "",
            "4/20 tests collected (16 deselected)*",
        ],
        consecutive=True,
    )


def test_all_five_tiers_are_there(project):
    result = project.runpytest_subprocess("--collect-only", "-q", "--checkpoint", "oracle")
    result.stdout.fnmatch_lines(["2000 tests collected*"])


def test_the_oracle_is_optimal_and_the_floors_are_printed(project):
    result = project.runpytest_subprocess("--checkpoint", "oracle", "--limit", "10")
    assert result.ret == 0
    text = " ".join(result.stdout.str().split())
    for tier in ("tiny", "small", "medium", "large", "huge"):
        assert f"{tier} oracle 10 100.0 72.2 - 100.0 100.0 100.0 100.0 0.0 wall-follower 10" in text
    for floor in ("wall-follower", "greedy", "random-walk", "constant"):
        assert text.count(f"{floor} 10") == 5
    result.stdout.fnmatch_lines(["=* 50 solved in *"])


def test_an_unsolved_maze_is_told_and_is_no_failure(project):
    result = project.runpytest_subprocess("--checkpoint", "constant", "-k", "huge_mazes", "--limit", "4")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*uuuu*", "=* 16 deselected, 4 unsolved in *"])


def test_verbose_says_the_outcome_of_each_maze(project):
    result = project.runpytest_subprocess(
        "-v", "--checkpoint", "oracle", "--checkpoint", "constant", "-k", "tiny_mazes", "--limit", "2"
    )
    result.stdout.fnmatch_lines(
        ["*test_tiny_mazes[[]oracle-wilson-0000[]] OPTIMAL*", "*test_tiny_mazes[[]constant-wilson-0000[]] WALL*"]
    )


def test_one_checkpoint_runs_after_the_other(project):
    result = project.runpytest_subprocess(
        "-v", "--checkpoint", "oracle", "--checkpoint", "constant", "-k", "tiny or small", "--limit", "1"
    )
    order = [line.split("[")[1].split("-")[0] for line in result.stdout.lines if "::test_" in line and "[" in line]
    assert order == ["oracle"] * 2 + ["constant"] * 2


def test_broken_code_is_a_failed_test(project):
    project.extend("import benchmark.mazes.score\nbenchmark.mazes.score.score = lambda *_: 1 / 0\n")
    result = project.runpytest_subprocess("--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*ZeroDivisionError*", "=* 1 failed, 4 deselected in *"])


COUNTED = """
from models.engines.agents import Agents
_generate = Agents.generate
def generate(self, checkpoint, requests):
    with open("asked.txt", "a") as opened:
        opened.writelines(f"{checkpoint.name} {request.case.group}/{request.case.id}\\n" for request in requests)
    return _generate(self, checkpoint, requests)
Agents.generate = generate
"""


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["-k", "tiny_mazes and dfs-0001"], ["oracle tiny/dfs-0001"]),
        (["test_mazes.py::test_large_mazes[oracle-wilson-0042]"], ["oracle large/wilson-0042"]),
        (["--limit", "1", "-k", "tiny or huge"], ["oracle tiny/dfs-0000", "oracle huge/dfs-0000"]),
    ],
)
def test_exactly_the_selected_cases_are_asked_and_at_once(project, selection, expected):
    project.extend(COUNTED)
    assert project.runpytest_subprocess("--checkpoint", "oracle", *selection).ret == 0
    assert (project.path / "asked.txt").read_text().splitlines() == expected


def test_a_case_that_was_not_run_is_not_in_the_table(project):
    result = project.runpytest_subprocess("--checkpoint", "constant", "--collect-only", "-q", "--limit", "1")
    assert "solved %" not in result.stdout.str()


def test_the_run_is_saved(project):
    from reports.run import read

    result = project.runpytest_subprocess(
        "--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "3", "--drawing", "block"
    )
    result.stdout.fnmatch_lines(["saved runs/*-oracle.jsonl"])
    (path,) = (project.path / "runs").iterdir()
    run = read(path)
    assert [line.case for line in run.records] == ["dfs-0000", "kruskal-0000", "wilson-0000"]
    assert {line.outcome for line in run.records} == {"optimal"}
    assert run.provenance["suite"] == "labirinto-v1"
    asked = {"drawing": "block", "style": "plain", "language": "en", "shots": 0, "reasoning": False, "glyphs": False}
    assert {name: run.provenance[name] for name in asked} == asked
    assert run.records[0].covariates["shortest"] == run.records[0].shortest >= 4
    assert run.provenance["checkpoint"] == {"name": "oracle", "kind": "agent"}
    assert json.loads(path.read_text().splitlines()[0])["schema"] == 3


def test_junit_holds_the_measurements(project):
    project.runpytest_subprocess(
        "--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "1", "--junitxml", "junit.xml"
    )
    assert '<property name="outcome" value="optimal"' in (project.path / "junit.xml").read_text()


def test_unsolvable_mazes_are_scored_and_balanced(project):
    project.add("test_unsolvable.py")
    result = project.runpytest_subprocess(
        "test_unsolvable.py", "-v", "--checkpoint", "oracle", "--checkpoint", "constant", "--limit", "4"
    )
    result.stdout.fnmatch_lines(
        [
            "*test_unsolvable[[]oracle-unsolvable-small-wilson-0000-closed[]] UNREACHABLE*",
            "*test_unsolvable[[]oracle-unsolvable-small-wilson-0000-open[]] OPTIMAL*",
            "*test_unsolvable[[]constant-unsolvable-small-wilson-0000-closed[]] UNREACHABLE*",
            "*test_unsolvable[[]constant-unsolvable-small-wilson-0000-open[]] FALSE-UNREACHABLE*",
            "mazes *balanced",
            "unsolvable-small * 100.0",
            "* constant * 50.0",
            "=* 18 solved, 6 unsolved in *",
        ]
    )


def test_transfer_sets_are_asked_in_their_own_way(project):
    project.extend(COUNTED.replace("{request.case.group}", "{request.prompt!r} {request.case.group}"))
    project.add("test_transfer.py")
    assert project.runpytest_subprocess("test_transfer.py", "--checkpoint", "oracle", "--limit", "1").ret == 0
    asked = {line.split("/")[-2].split()[-1]: line for line in (project.path / "asked.txt").read_text().splitlines()}
    assert len(asked) == 16
    assert "<ADJLIST_START>" in asked["drawing-coordinates"]
    assert "up_left" in asked["drawing-walls"]
    assert "# # #" in asked["drawing-spaced"]
    assert "is open; S is drawn as" in asked["glyphs-small"]
    assert "_ and | are walls" in asked["size-6x6"]


def test_the_question_can_be_asked_in_other_ways(project):
    project.extend(COUNTED.replace("{request.case.group}", "{request.prompt!r} {request.case.group}"))
    options = ["--prompt", "chat", "--language", "pt", "--shots", "2", "--reasoning", "--drawing", "unicode"]
    result = project.runpytest_subprocess("--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "1", *options)
    assert result.ret == 0
    asked = (project.path / "asked.txt").read_text()
    assert asked.count("'role': 'assistant'") == 2
    assert "Pense passo a passo" in asked
    assert "┌─" in asked


def test_every_case_can_have_characters_of_its_own(project):
    project.extend(COUNTED.replace("{request.case.group}", "{request.prompt!r} {request.case.group}"))
    options = ["--glyphs", "--drawing", "spaced"]
    assert project.runpytest_subprocess("--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "3", *options).ret == 0
    lines = (project.path / "asked.txt").read_text().splitlines()
    assert len({line.split("maze. ")[1].split("\\n")[0] for line in lines}) == 3
    assert all("#" not in line for line in lines)

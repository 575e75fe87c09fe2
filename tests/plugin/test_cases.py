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
    result.stdout.fnmatch_lines(["1000 tests collected*"])


def test_the_oracle_is_optimal_and_the_floors_are_printed(project):
    result = project.runpytest_subprocess("--checkpoint", "oracle", "--limit", "10")
    assert result.ret == 0
    text = " ".join(result.stdout.str().split())
    for tier in ("tiny", "small", "medium", "large", "huge"):
        assert f"{tier} oracle 10 100.0 72.2 - 100.0 100.0 0.0 random-walk 10" in text
    assert text.count("constant 10") == 5
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
    project.extend("import benchmark.mazes.answer\nbenchmark.mazes.answer.read = lambda *_: 1 / 0\n")
    result = project.runpytest_subprocess("--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*ZeroDivisionError*", "=* 1 failed, 4 deselected in *"])


COUNTED = """
import models.plan
_ask = models.plan.ask
def ask(checkpoint, requests):
    with open("asked.txt", "a") as opened:
        opened.writelines(f"{checkpoint.name} {request.key}\\n" for request in requests)
    return _ask(checkpoint, requests)
models.plan.ask = ask
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
    assert [line.case for line in run.lines] == ["dfs-0000", "dfs-0001", "wilson-0000"]
    assert {line.outcome for line in run.lines} == {"optimal"}
    assert run.provenance["suite"] == "labirinto-1"
    assert run.provenance["drawing"] == "block"
    assert run.provenance["checkpoint"] == {"name": "oracle", "kind": "agent"}
    assert json.loads(path.read_text().splitlines()[0])["schema"] == 1


def test_junit_holds_the_measurements(project):
    project.runpytest_subprocess(
        "--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "1", "--junitxml", "junit.xml"
    )
    assert '<property name="outcome" value="optimal"' in (project.path / "junit.xml").read_text()

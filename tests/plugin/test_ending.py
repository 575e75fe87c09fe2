"""The end of a session: nothing that was asked for is lost without a word, an exit code and a line in JUnit's file."""

import json
import xml.etree.ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

FEW = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "4", "--checkpoint"]
FORMATS = """
def pytest_labirinto_formats(config):
    def broken(report):
        raise ValueError("mine")
    return {"broken": broken, "fine": lambda report: "all is fine"}
"""


def failures(file):
    """The failed test cases of a JUnit file, and how many its head counts."""
    (suite,) = ET.parse(file).getroot()
    cases = {case.get("name"): case.find("failure") for case in suite if case.find("failure") is not None}
    assert {case.get("classname") for case in suite if case.get("name") in cases} <= {"labirinto"}
    return {name: failure.text for name, failure in cases.items()}, int(suite.get("failures")), int(suite.get("tests"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-on", "accuracy:2%"], "--fail-on needs --compare NAME"),
        (["--show-changes"], "--show-changes needs --compare NAME"),
        (["--min-accuracy", "huge=1%"], "--min-accuracy: no maze of huge is selected"),
        (["--save", "a", "--compare", "a", "--fail-on", "large:5%,tiny:1%"], "--fail-on: no maze of large is selected"),
    ],
)
def test_what_would_check_nothing_is_refused_before_anything_is_asked(project, arguments, message):
    result = project.runpytest_inprocess(*FEW, "oracle", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()
    assert not (project.path / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [["--min-accuracy=all=1%"], ["--save=a"], ["--report=csv"], ["--mri"], ["--update-baseline"], ["--compare=latest"]],
)
def test_a_session_without_mazes_is_not_asked_for_a_run(project, arguments):
    project.makepyfile(test_mine="def test_mine():\n    pass\n")
    result = project.runpytest_inprocess("test_mine.py", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "no test of mazes is selected, so that there will be no run" in result.stderr.str()
    assert project.runpytest_inprocess("test_mine.py").ret == 0


def test_a_red_gate_is_a_failure_in_junit_and_in_the_counts(project):
    result = project.runpytest_inprocess(*FEW, "constant", "--min-accuracy", "tiny=90%", "--junitxml=j.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["FAILED labirinto::gates - constant solved 0.0 % of tiny*", "*1 failed, 16 deselected, 4 unsolved in *"]
    )
    (failed, counted, tests) = failures(project.path / "j.xml")
    assert failed == {"gates": "constant solved 0.0 % of tiny (0 of 4), below 90 %"}
    assert (counted, tests) == (1, 5)
    green = project.runpytest_inprocess(*FEW, "oracle", "--min-accuracy", "tiny=90%", "--junitxml=j.xml")
    assert green.ret == 0
    assert failures(project.path / "j.xml") == ({}, 0, 4)
    again = project.runpytest_inprocess(*FEW, "constant", "--lf")  # a gate is no test that could be run again
    assert again.ret == 0
    assert "known failures" not in again.stdout.str()


def test_each_report_is_tried_and_what_fails_is_told(project):
    project.extend(FORMATS)
    reports = ["broken", "csv=/dev/null/x.csv", "fine=fine.txt", "broken=b.txt", "markdown"]
    result = project.runpytest_inprocess(
        *FEW, "oracle", *(f"--report={report}" for report in reports), "--junitxml=j.xml"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert (project.path / "fine.txt").read_text() == "all is fine"
    result.stdout.fnmatch_lines(["wrote fine.txt", "| tiny | oracle |*"])
    told = ["the report broken was not written: ValueError: mine", "the report csv was not written: cannot write *"]
    result.stdout.fnmatch_lines(told)
    failed = failures(project.path / "j.xml")[0]["output"]
    assert "ValueError: mine" in failed
    assert 'raise ValueError("mine")' in failed  # the traceback, of what is not the user's fault


def test_a_run_that_cannot_be_written_fails(project):
    (project.path / "runs").write_text("no folder")
    result = project.runpytest_inprocess(*FEW, "oracle", "--report=csv=x.csv", "--junitxml=j.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "the run of oracle was not saved: cannot save the run as " in result.stdout.str()
    assert (project.path / "x.csv").exists()
    assert list(failures(project.path / "j.xml")[0]) == ["output"]


def test_the_summary_of_a_job_in_a_missing_folder_is_told(project, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "gone" / "summary.md"))
    result = project.runpytest_inprocess(*FEW, "oracle")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["GITHUB_STEP_SUMMARY: cannot write */gone/summary.md: No such file or directory"])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(["--save=nightly", "--compare=nightly"], "nightly"), (["--update-baseline", "--compare=baseline"], "baseline")],
)
def test_the_first_night_measures_and_saves_and_says_that_it_is_the_first(project, arguments, name):
    first = project.runpytest_inprocess(*FEW, "wall-follower", *arguments)
    assert first.ret == 0
    line = f"was compared with nothing: no run of it is saved as {name} yet, and this one is the first"
    assert f"wall-follower {line}" in first.stdout.str()
    second = project.runpytest_inprocess(*FEW, "wall-follower", "--checkpoint=constant", *arguments)
    assert second.ret == 0  # a checkpoint that joins is not held against another one's run
    assert f"constant {line}" in second.stdout.str()
    assert f"wall-follower {line}" not in second.stdout.str()
    second.stdout.fnmatch_lines(["wall-follower against *", "tiny *"])
    third = project.runpytest_inprocess(*FEW, "constant", "--compare", name)
    third.stdout.fnmatch_lines(["constant against *constant.jsonl"])


def test_a_spoilt_run_of_the_name_is_no_first_night(project):
    (project.path / "runs").mkdir()
    (project.path / "runs" / "n-oracle.jsonl").write_text("spoilt")
    result = project.runpytest_inprocess(*FEW, "oracle", "--save=n", "--compare=n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (project.path / "runs" / "n-oracle.jsonl").read_text() == "spoilt"


def test_the_report_is_complete_without_a_terminal(project):
    words = [
        *FEW,
        "constant",
        "-p",
        "no:terminal",
        "--report=json=x.json",
        "--report=markdown",
        "--min-accuracy=all=90%",
    ]
    result = project.runpytest_inprocess(*words)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert json.loads((project.path / "x.json").read_text())
    assert "| tiny | constant |" in result.stdout.str()
    assert "labirinto: constant solved 0.0 % of all (0 of 4), below 90 %" in result.stderr.str()

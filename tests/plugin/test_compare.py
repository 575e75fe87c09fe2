"""Runs that are saved under a name, held against each other, and let the session fail."""

import json
import re
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

FEW = ["test_mazes.py", "-k", "tiny_mazes or small_mazes", "--limit", "40"]


@pytest.fixture
def nightly(project):
    """A project in which the wall follower is saved as `nightly`."""
    assert project.runpytest_inprocess(*FEW, "--checkpoint", "wall-follower", "--save", "nightly").ret == 0
    return project


def words(result):
    return " ".join(result.stdout.str().split())


def reports(project, *arguments):
    command = [sys.executable, "-m", "reports", *arguments]
    return subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=False)


def test_a_worse_checkpoint_fails_after_all_cases_have_run_and_says_why(nightly):
    result = nightly.runpytest_inprocess(
        *FEW, "--checkpoint", "greedy", "--compare", "nightly", "--fail-on", "accuracy:2%", "--show-changes"
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "greedy against runs/nightly-wall-follower.jsonl",
            "mazes   n  after  change, 95 % interval  broke/fixed       p  detectable  verdict",
            "all    80   50.0   -42.5 [[]-54.6, -28.0[]]         39/5   4e-07       -22.1  worse",
            "tiny   40 * worse",
            "small  40 * worse",
            "broken (39): tiny/braided-0002, *",
            "fixed (5): tiny/braided-0001, *",
            "greedy is worse than runs/nightly-wall-follower.jsonl in accuracy of all: 92.5 to 50.0 % of 80, a drop *",
            "=* 1 failed, * 40 unsolved, 40 solved in *",
        ]
    )
    again = reports(nightly, "compare", "nightly", "latest", "--fail-on", "accuracy:2%")
    assert again.returncode == 1
    assert "4e-07" in again.stdout
    assert "allowed 2" in again.stderr


def test_the_same_checkpoint_again_is_no_change(nightly):
    result = nightly.runpytest_inprocess(*FEW, "--checkpoint", "wall-follower", "--compare", "nightly")
    assert result.ret == 0
    rows = re.findall(r"^(all|tiny|small) .* (0/0) +1.00 +(-\d+\.\d) +(.*)$", result.stdout.str(), re.MULTILINE)
    assert [(row[0], row[-1]) for row in rows] == [
        ("all", "no change seen"),
        ("tiny", "inconclusive"),
        ("small", "inconclusive"),
    ]
    assert reports(nightly, "compare", "nightly", "latest").returncode == 0


def test_a_gate_on_one_tier_looks_at_it_alone(nightly):
    asked = [*FEW, "--checkpoint", "greedy", "--compare", "nightly", "--fail-on"]
    assert nightly.runpytest_inprocess(*asked, "tiny:60%").ret == 0
    assert nightly.runpytest_inprocess(*asked, "tiny:60%,small.optimal:3%").ret == 0  # greedy is optimal more often
    assert nightly.runpytest_inprocess(*asked, "small:3%").ret == 1


def test_what_was_asked_otherwise_is_refused(nightly):
    result = nightly.runpytest_inprocess(
        *FEW, "--checkpoint", "wall-follower", "--compare", "nightly", "--drawing", "block"
    )
    assert result.ret == 1
    assert "was not compared with nightly: the runs are not comparable: drawing is 'compact' in one and" in words(
        result
    )


def test_a_name_that_was_never_saved_is_told_before_anything_is_asked(nightly):
    result = nightly.runpytest_inprocess(*FEW, "--checkpoint", "oracle", "--compare", "weekly")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "no saved run 'weekly': give a file, `latest`, or one of: nightly" in result.stderr.str()
    assert "mazes:" not in result.stderr.str()


def test_a_name_that_is_used_again_keeps_the_run_of_before(nightly):
    result = nightly.runpytest_inprocess(
        *FEW, "--checkpoint", "wall-follower", "--compare", "nightly", "--save", "nightly"
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["the run * saved as nightly of wall-follower before is now runs/*-wall-follower.jsonl"]
    )
    assert len(list((nightly.path / "runs").iterdir())) == 2
    listed = reports(nightly, "list").stdout
    assert listed.count("nightly") == 2  # the file and its name


@pytest.mark.parametrize(("floor", "code"), [("all=90%", 0), ("all=90%,tiny=93%", 1)])
def test_too_small_a_share_fails(project, floor, code):
    result = project.runpytest_inprocess(*FEW, "--checkpoint", "wall-follower", "--min-accuracy", floor)
    assert result.ret == code
    if code:
        assert "of tiny (37 of 40), below 93 %" in words(result)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--fail-on=accuracy", "has no margin: write it as accuracy:2%"),
        ("--fail-on=speed:2%", "neither a measure (accuracy, optimal, spl) nor a group (tiny"),
        ("--fail-on=large.speed:2%", "neither a measure"),
        ("--fail-on=large:2", "write a percentage from 0% to 100%"),
        ("--min-accuracy=gigantic=2%", "is no minimum: write it as small=90%"),
        ("--min-accuracy=small=200%", "write a percentage"),
        ("--report=pdf", "no format 'pdf': there are csv, html, json, latex"),
    ],
)
def test_options_that_mean_nothing_say_what_there_is(project, option, message):
    result = project.runpytest_inprocess(*FEW, "--checkpoint", "oracle", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in " ".join(result.stderr.str().split())


def test_a_baseline_grows_and_loses_nothing(project):
    asked = ["test_mazes.py", "--checkpoint", "oracle", "--limit", "5"]
    first = project.runpytest_inprocess(*asked, "-k", "tiny_mazes", "--update-baseline")
    file = project.path / "benchmark" / "baselines" / "oracle.jsonl"
    assert "benchmark/baselines/oracle.jsonl: 5 of 5 records are new or changed" in words(first)
    second = project.runpytest_inprocess(*asked, "-k", "small_mazes", "--update-baseline")
    assert "5 of 5 records are new" in words(second)
    lines = file.read_text().splitlines()
    assert [json.loads(line)["group"] for line in lines[1:]] == ["tiny"] * 5 + ["small"] * 5
    project.runpytest_inprocess(*asked, "-k", "small_mazes", "--update-baseline")
    assert file.read_text().splitlines()[1:] == lines[1:]
    compared = project.runpytest_inprocess(*asked, "-k", "small_mazes", "--compare", "baseline")
    assert compared.ret == 0
    assert "not compared: 5 not asked this time (cases)" in words(compared)
    refused = project.runpytest_inprocess(*asked, "-k", "tiny_mazes", "--update-baseline", "--shots", "1")
    assert "not saved: the runs are not comparable: shots is 0 in one and 1" in words(refused)
    assert file.read_text().splitlines()[1:] == lines[1:]


def test_a_spoilt_run_is_named_and_the_others_stay_usable(nightly):
    (nightly.path / "runs" / "cut.jsonl").write_text('{"schema": 3}\n{"group": "ti')
    (nightly.path / "runs" / "foreign.jsonl").write_text("hello\n")
    listed = reports(nightly, "list")
    assert listed.returncode == 2
    assert "foreign.jsonl, line 1: no JSON" in listed.stderr
    assert "nightly" in listed.stdout
    shown = reports(nightly, "show", "runs/cut.jsonl")
    assert shown.returncode == 2
    assert "runs/cut.jsonl, line 2: no JSON" in shown.stderr
    assert nightly.runpytest_inprocess(*FEW, "--checkpoint", "wall-follower", "--compare", "nightly").ret == 0


def test_prune_keeps_the_newest_and_what_has_a_name(nightly):
    runs = nightly.path / "runs"
    text = (runs / "nightly-wall-follower.jsonl").read_text()
    for day in range(1, 5):
        old = text.replace('"saved_as": "nightly"', '"saved_as": null')
        old = re.sub(r'"started": "[^"]*"', f'"started": "2026-01-0{day}T00:00:00+00:00"', old, count=1)
        (runs / f"2026010{day}T000000Z-x.jsonl").write_text(old)
    done = reports(nightly, "prune", "--keep", "2")
    assert done.stdout == (
        "remove runs/20260101T000000Z-x.jsonl\nremove runs/20260102T000000Z-x.jsonl\n"
        "removed 2 of 4 runs without a name\n"
    )
    assert sorted(file.name for file in runs.iterdir()) == [
        "20260103T000000Z-x.jsonl",
        "20260104T000000Z-x.jsonl",
        "nightly-wall-follower.jsonl",
    ]


def test_diff_tells_each_case_with_another_outcome(nightly):
    nightly.runpytest_inprocess(*FEW, "--checkpoint", "greedy")
    done = reports(nightly, "diff", "nightly", "latest")
    assert done.returncode == 1
    assert "small/wilson-0008: solved -> optimal\n" in done.stdout
    assert done.stdout.endswith("67 of 80 replies have another outcome\n")
    assert reports(nightly, "diff", "nightly", "nightly").returncode == 0


def test_the_summary_of_a_ci_job_has_the_tables(nightly, monkeypatch):
    summary = nightly.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    nightly.runpytest_inprocess(*FEW, "--checkpoint", "greedy", "--compare", "nightly")
    text = summary.read_text()
    assert "| mazes | checkpoint | n | solved % |" in text
    assert "### greedy against runs/nightly-wall-follower.jsonl" in text


def test_runs_of_the_same_second_do_not_take_each_others_place(project):
    few = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "1", "--checkpoint", "oracle"]
    for _ in range(3):
        project.runpytest_inprocess(*few)
    assert len(list((project.path / "runs").iterdir())) == 3


def test_verdicts_have_colours_on_a_terminal_and_nowhere_else(nightly):
    asked = [*FEW, "--checkpoint", "greedy", "--compare", "nightly"]
    plain = nightly.runpytest_inprocess(*asked).stdout.str()
    coloured = nightly.runpytest_inprocess(*asked, "--color=yes").stdout.str()
    assert "\x1b" not in plain
    assert re.search("\x1b\\[31mall +80 .* worse\x1b\\[0m", coloured)

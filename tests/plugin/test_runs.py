"""Runs on disk while a session goes on, and the leaderboard of those that are there."""

import os
import re
import signal
import subprocess
import sys

import pytest

from reports.run import read

from .test_engines import CASES, SLOW

pytest_plugins = ["pytester"]


def reports(project, *arguments):
    command = [sys.executable, "-m", "reports", *arguments]
    return subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=False)


def test_a_run_that_is_killed_is_on_disk_with_what_had_come(project, monkeypatch):
    project.extend(
        SLOW + "def pytest_configure(config):\n    from reports import recording\n    recording.INTERVAL = 0.2\n"
    )
    monkeypatch.setenv("SLOW_SECONDS", "0.05")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *CASES], cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seen = b""
    while not re.search(rb"base: mazes: +[5-9]\d%", seen):
        read_now = os.read(process.stdout.fileno(), 4096)
        assert read_now, seen.decode()
        seen += read_now
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    (file,) = (project.path / "runs").glob("*.jsonl")
    run = read(file)
    assert run.provenance["ended"] is None
    assert 30 <= len(run.records) < 120
    assert {line.outcome for line in run.records} == {"optimal"}
    assert run.provenance["checkpoint"]["chat_template"] is None
    assert len(run.provenance["checkpoint"]["content"]) == 64
    listed = reports(project, "list")
    assert listed.returncode == 0
    assert "cut off" in listed.stdout

    monkeypatch.setenv("SLOW_SECONDS", "0")
    assert project.runpytest_subprocess(*CASES).ret == 0
    assert "cut off" in reports(project, "list").stdout  # it is still there, beside the one that came to its end
    board = reports(project, "leaderboard")
    assert board.returncode == 0
    assert re.search(r"^1 +base +100\.0 .* 120 ", board.stdout, re.MULTILINE)


def test_the_leaderboard_is_written_into_a_readme_and_found_stale(project):
    few = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "40"]
    agents = ["--checkpoint", "oracle", "--checkpoint", "wall-follower", "--checkpoint", "random-walk"]
    assert reports(project, "leaderboard").stderr.startswith("no saved run has a case of any tier")
    project.runpytest_inprocess(*few, *agents)
    readme = project.path / "README.md"
    readme.write_text("# Mine\n")
    refused = reports(project, "leaderboard", "--readme", "README.md")
    assert refused.returncode == 2
    assert "add the lines <!-- leaderboard --> and <!-- /leaderboard --> where it belongs" in refused.stderr
    readme.write_text("# Mine\n\n<!-- leaderboard -->\n<!-- /leaderboard -->\n\nThe end.\n")
    assert reports(project, "leaderboard", "--readme", "README.md", "--check").returncode == 1
    assert reports(project, "leaderboard", "--readme", "README.md").stdout == "README.md: written\n"
    text = readme.read_text()
    assert text.startswith("# Mine\n\n<!-- leaderboard -->\n\n**labirinto-v1: drawing compact, prompt plain,")
    assert text.endswith("\n\n<!-- /leaderboard -->\n\nThe end.\n")
    ranked = re.findall(r"^\| (\d) \| ([\w-]+) \|", text, re.MULTILINE)
    assert ranked == [("1", "oracle"), ("1", "wall-follower"), ("3", "random-walk")]
    fresh = reports(project, "leaderboard", "--readme", "README.md", "--check")
    assert (fresh.returncode, fresh.stdout) == (0, "README.md is up to date\n")


@pytest.mark.parametrize("command", [[], ["show", "nobody"], ["compare", "a", "b"], ["show", "--report", "pdf", "x"]])
def test_a_command_that_means_nothing_is_told(project, command):
    done = reports(project, *command)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr

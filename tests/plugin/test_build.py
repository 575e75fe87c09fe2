"""Checkpoints on demand: real recipes, made tiny, in a real session."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from reports.run import read

from .conftest import LONG, TINY

pytest_plugins = ["pytester"]

ARGUMENTS = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "2"]


@pytest.fixture
def tiny_project(project):
    project.extend(TINY)
    return project


def _checkpoints(project):
    return sorted(
        path.name.split("-")[0] for path in (project.path / "home" / "checkpoints").iterdir() if path.is_dir()
    )


def test_the_default_checkpoints_are_built_once_and_then_kept(tiny_project):
    first = tiny_project.runpytest_subprocess(*ARGUMENTS)
    assert first.ret == 0
    assert "sft: steps: 100%" in first.stderr.str()
    text = " ".join(first.stdout.str().split())
    for name in ("base", "sft", "oracle", "random-walk", "constant"):
        assert f"{name} 2 " in text
    assert _checkpoints(tiny_project) == ["base", "sft"]

    second = tiny_project.runpytest_subprocess(*ARGUMENTS)
    assert second.ret == 0
    assert "steps" not in second.stderr.str()
    (run, _) = sorted((tiny_project.path / "runs").glob("*-sft.jsonl"))
    assert read(run).provenance["checkpoint"]["curve"]["loss"]
    second.stdout.fnmatch_lines(["labirinto: 2 checkpoints, 4 cases, 4 of 4 replies in the cache, engine: *"])
    assert "sft: mazes" not in second.stderr.str()


def test_adapters_strangers_and_names_of_ones_own_stand_in_one_table(tiny_project, tiny_model):
    (tiny_project.path / "names.toml").write_text(
        f'mine = "{tiny_model}"\nshort = {{recipe = "sft", num_examples = 16}}\n'
    )
    names = ["sft-lora", f"sft:{tiny_model}", "mine", "short"]
    chosen = [word for name in names for word in ("--checkpoint", name)]
    result = tiny_project.runpytest_subprocess(*ARGUMENTS, *chosen, "--checkpoints", "names.toml")
    assert result.ret == 0
    text = " ".join(result.stdout.str().split())
    for name in ("sft-lora", "sft:tiny", "mine", "short"):
        assert f"{name} 2 " in text
    assert len(list((tiny_project.path / "runs").glob("*.jsonl"))) == len(names)


def test_a_folder_with_a_model_answers_too(project, tiny_model):
    result = project.runpytest_subprocess(*ARGUMENTS, "--checkpoint", str(tiny_model))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["tiny *tiny *2 *"])
    # nothing was built; replies and floors are kept
    assert [path.name for path in (project.path / "home").iterdir() if "sqlite" not in path.name] == ["floors"]


def test_a_model_that_does_not_load_is_an_error_of_each_case_and_the_others_go_on(project):
    broken = project.mkdir("broken")
    (broken / "config.json").write_text("{}")
    (broken / "model.safetensors").write_text("no weights")
    result = project.runpytest_subprocess(*ARGUMENTS, "--checkpoint", "broken", "--checkpoint", "oracle")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*CheckpointError: cannot load the model in *broken*", "=* 2 errors, 2 solved in *"])


def _interrupt(project, when, *arguments, number=signal.SIGINT):
    """Run pytest, press Ctrl-C as soon as the pattern `when` is on its screen, and return its exit code and output."""
    command = [sys.executable, "-m", "pytest", *arguments]
    process = subprocess.Popen(
        command,
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # a shell's job in the background ignores Ctrl-C, and so does whatever it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  it takes no lock
    )
    os.set_blocking(process.stdout.fileno(), False)
    seen, deadline = b"", time.monotonic() + 120
    while not re.search(when, seen) and process.poll() is None and time.monotonic() < deadline:
        seen += process.stdout.read() or b""
        time.sleep(0.01)
    assert re.search(when, seen), seen.decode()
    os.killpg(process.pid, number)
    os.set_blocking(process.stdout.fileno(), True)
    try:
        rest, _ = process.communicate(timeout=90)
    finally:
        process.kill()
    return process.returncode, (seen + rest).decode()


def test_ctrl_c_during_a_build_leaves_nothing_half_written_and_the_same_command_goes_on(project):
    project.extend(LONG)
    # the trainer saves after 60 of the 100 steps: stopped later, the build goes on from there
    code, _ = _interrupt(project, rb"sft: steps: +[789]\d%", *ARGUMENTS)
    assert code == pytest.ExitCode.INTERRUPTED
    assert [name for name in _checkpoints(project) if not name.endswith(".part")][:1] == ["base"]
    finished = [path for path in (project.path / "home" / "checkpoints").glob("sft-*") if path.suffix == ""]
    assert finished == []

    result = project.runpytest_subprocess(*ARGUMENTS)
    assert result.ret == 0
    assert "base: steps" not in result.stderr.str()
    first_shown = result.stderr.str().split("sft: steps:")[1].split("%")[0].strip()
    assert int(first_shown) >= 60


@pytest.mark.slow
def test_a_build_that_is_killed_goes_on_with_the_same_command_at_the_same_address(project):
    project.extend(LONG)
    command = [sys.executable, "-m", "pytest", *ARGUMENTS, "--checkpoint", "sft"]
    process = subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen = b""
    while not re.search(rb"sft: steps: +[789]\d%", seen):
        read = os.read(process.stdout.fileno(), 4096)
        assert read, seen.decode()
        seen += read
    process.kill()
    process.wait(timeout=60)
    process.stdout.close()
    (half,) = (project.path / "home" / "checkpoints").glob("sft-*.part")

    result = project.runpytest_subprocess(*ARGUMENTS, "--checkpoint", "sft")
    assert result.ret == 0
    assert int(result.stderr.str().split("sft: steps:")[1].split("%")[0].strip()) >= 60
    assert half.with_suffix("").is_dir()
    assert not half.exists()


def test_ctrl_c_during_a_batch_ends_the_session_cleanly(project):
    project.extend(
        "import time\nfrom benchmark.mazes import agents\n"
        "agents.AGENTS['slow'] = lambda case: time.sleep(0.05) or agents.oracle(case)\n"
    )
    code, text = _interrupt(
        project,
        rb"slow: mazes: +[1-9]",
        "--checkpoint",
        "oracle",
        "--checkpoint",
        "slow",
        "-k",
        "tiny_mazes",
        "--limit",
        "100",
    )
    assert code == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in text
    assert "tiny oracle 100" in " ".join(text.split())  # what was measured before is told and saved
    runs = {path.name.split("-")[-1]: path.read_text().splitlines() for path in (project.path / "runs").iterdir()}
    assert sorted(runs) == ["oracle.jsonl", "slow.jsonl"]
    assert len(runs["oracle.jsonl"]) == 101  # what the run says of itself, and a line for each case
    assert 1 < len(runs["slow.jsonl"]) < 101  # and what had come of the batch

import os
import signal
import subprocess
import sys
import time

import pytest

from benchmark.mazes.errors import CheckpointError
from models import store

from ..conftest import ROOT


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def build(target, work):
    (target / "model.safetensors").write_text("weights")


def test_a_checkpoint_is_built_once(home):
    calls = []

    def counted(target, work):
        calls.append(target)
        build(target, work)

    first = store.obtain("sft", "ab" * 32, counted)
    assert store.obtain("sft", "ab" * 32, counted) == first == store.folder("sft", "ab" * 32)
    assert len(calls) == 1
    assert not list(home.glob("checkpoints/*.part"))


def test_a_build_that_fails_leaves_nothing_under_the_name(home):
    def broken(target, work):
        (target / "model.safetensors").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.obtain("sft", "cd" * 32, broken)
    assert not store.folder("sft", "cd" * 32).exists()
    assert (store.obtain("sft", "cd" * 32, build) / "model.safetensors").read_text() == "weights"


SLOW = """
import sys, time
from models import store
def build(target, work):
    print("building", flush=True)
    time.sleep(float(sys.argv[1]))
    (target / "model.safetensors").write_text("weights")
print(store.obtain("sft", "ef" * 32, build))
"""


def _start(seconds):
    return subprocess.Popen([sys.executable, "-c", SLOW, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_four_processes_build_it_once(home):
    first = _start(3)
    assert first.stdout.readline() == "building\n"
    others = [_start(0) for _ in range(3)]
    for other in others:
        out, _ = other.communicate(timeout=60)
        assert "waiting for it" in out
        assert "building\n" not in out
        assert other.returncode == 0
    assert first.wait(timeout=60) == 0
    first.stdout.close()


@pytest.mark.parametrize("name", ["../sft", "a/b", "", ".hidden", "/etc", "a\\b", "sft\n"])
def test_no_name_leads_out_of_the_store(home, name):
    with pytest.raises(CheckpointError, match="is not a valid name for a folder of the store"):
        store.folder(name, "ab" * 32)


def test_a_killed_build_is_taken_over(home):
    killed = _start(600)
    assert killed.stdout.readline() == "building\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(timeout=60)
    killed.stdout.close()
    assert not store.folder("sft", "ef" * 32).exists()
    started = time.monotonic()
    out, _ = _start(0).communicate(timeout=60)
    assert "building" in out
    assert time.monotonic() - started < 60
    assert store.folder("sft", "ef" * 32).is_dir()


def test_a_store_that_cannot_be_written_to_names_folder_and_variable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "file"))
    with pytest.raises(CheckpointError, match=r"file/checkpoints.*LABIRINTO_HOME"):
        store.check_writable()

"""A checkout and a home that are read-only: Numba finds another folder for what it compiles."""

import os
import shutil
import subprocess
import sys

import pytest

from benchmark.mazes import compiled

from ..conftest import ROOT

IMPORT = """
from benchmark.mazes import compiled, split
from benchmark.mazes.generate import dfs
print(compiled.__file__)
"""


def read_only(folder):
    """The words before a command that see the folder as one that cannot be written to, root or not."""
    if os.geteuid():
        subprocess.run(["chmod", "-R", "a-w", folder], check=True)
        return []
    mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    words = ["unshare", "--mount", "sh", "-c", mount, str(folder)]
    if not shutil.which("unshare") or subprocess.run([*words, "true"], check=False, capture_output=True).returncode:
        pytest.skip("root may write anywhere, and cannot mount a folder read-only here")
    return words


@pytest.fixture
def locked(tmp_path):
    """A copy of the maze domain, and an empty home, in one folder."""
    shutil.copytree(
        ROOT / "benchmark", tmp_path / "locked" / "benchmark", ignore=shutil.ignore_patterns("__pycache__", "test_*")
    )
    (tmp_path / "locked" / "home").mkdir()
    yield tmp_path / "locked"
    subprocess.run(["chmod", "-R", "u+w", tmp_path / "locked"], check=True)


@pytest.mark.parametrize("kept", [True, False])
def test_mazes_are_imported_from_a_read_only_checkout(locked, tmp_path, kept):
    clean = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "LABIRINTO_HOME")}
    clean |= {"HOME": str(locked / "home"), "TMPDIR": str(tmp_path), "PYTHONPATH": str(locked)}
    if kept:
        clean["LABIRINTO_HOME"] = str(tmp_path / "kept")
    command = [*read_only(locked), sys.executable, "-c", IMPORT]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{locked}/benchmark/mazes/compiled.py\n"
    left = {file.name for file in tmp_path.iterdir()} - {"locked"}
    assert left == ({"kept"} if kept else set())  # a folder without a name of its own goes with the process


def test_what_can_be_written_to_or_was_named_stays(monkeypatch):
    monkeypatch.delenv(compiled.VARIABLE, raising=False)
    compiled.choose_folder()
    assert compiled.VARIABLE not in os.environ
    monkeypatch.setattr(compiled, "_is_writable", lambda folder: False)
    monkeypatch.setenv(compiled.VARIABLE, "mine")
    compiled.choose_folder()
    assert os.environ[compiled.VARIABLE] == "mine"

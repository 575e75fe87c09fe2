"""Chooses the folder for Numba's compiled code where its default folders are read-only.

Numba stores compiled code next to the source, else in the user's cache folder, and raises RuntimeError at import where
it can write to neither: in many containers the checkout and the home folder are read-only. In this case another folder
has to be set before Numba is imported.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
SOURCES = (Path(__file__).parent, Path(__file__).parent / "generate")


def choose_folder() -> None:
    """Set NUMBA_CACHE_DIR to a writable folder, unless a default folder is writable or the user has set it.

    The folder is `numba` in LABIRINTO_HOME, else a new temporary folder that is removed when the process ends. A shared
    temporary folder would not be safe: Numba runs the code that it finds there.
    """
    if os.environ.get(VARIABLE) or all(map(_is_writable, SOURCES)) or _is_writable(_user_cache()):
        return
    home = os.environ.get("LABIRINTO_HOME")
    folder = Path(home).expanduser() / "numba" if home else None
    if folder is None or not _is_writable(folder):
        try:
            folder = Path(tempfile.mkdtemp(prefix="labirinto-numba-"))
        except OSError:
            return  # Numba reports the error at import
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = str(folder)


def _user_cache() -> Path:
    """Numba's folder where it cannot write next to the source."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path("~/AppData/Local").expanduser())
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def _is_writable(folder: Path) -> bool:
    """Whether files can be created in a folder, or the folder itself where it does not exist yet."""
    if (folder / "__pycache__").is_dir():
        folder /= "__pycache__"
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)

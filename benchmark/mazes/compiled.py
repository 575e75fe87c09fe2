"""Where Numba keeps what it has compiled.

Numba keeps it beside the source, else in the user's cache folder, and raises RuntimeError at import where neither can
be written to: a checkout and a home that are read-only, as in many containers. There, another folder is named before
Numba is imported.
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
    """Name a folder that can be written to, unless there is one or the user has named one.

    It is `numba` in LABIRINTO_HOME, or a new one that goes with the process: what is kept there is code, so that no
    folder that others could have filled is used.
    """
    if os.environ.get(VARIABLE) or all(map(_is_writable, SOURCES)) or _is_writable(_user_cache()):
        return
    home = os.environ.get("LABIRINTO_HOME")
    folder = Path(home).expanduser() / "numba" if home else None
    if folder is None or not _is_writable(folder):
        try:
            folder = Path(tempfile.mkdtemp(prefix="labirinto-numba-"))
        except OSError:
            return  # Numba tells it
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = str(folder)


def _user_cache() -> Path:
    """Numba's second choice."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path("~/AppData/Local").expanduser())
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it does not exist yet."""
    if (folder / "__pycache__").is_dir():
        folder /= "__pycache__"
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)

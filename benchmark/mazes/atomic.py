"""Files that are whole or absent: written beside their place, then renamed into it.

Nothing is flushed to the disk (no fsync): a process that is killed at any moment leaves the old file or the new one,
but after a power failure a file may be empty or old, as the file system decides. What is written here can be computed
again; a wait for the disk at each write cannot be made up.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .printable import encodable


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write a file or a folder to; it replaces `path` at the end, unless there was an error.

    A file replaces a file; a folder takes the place of nothing or of an empty folder. What an error leaves behind is
    removed. Missing parent folders are made; raises NotADirectoryError where one of them is a file, and OSError where
    nothing can be written there.
    """
    beside = _beside(path)
    try:
        yield beside
        beside.replace(path)
    finally:
        _remove(beside)


def replace_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, lone surrogates as U+FFFD."""
    with replacing(path) as beside:
        beside.write_text(encodable(text), encoding="utf-8")


def create_text(path: Path, text: str) -> None:
    """The same for a file that is not there yet.

    Raises FileExistsError where it is there, also for the second of two processes that write it at the same time.
    """
    beside = _beside(path)
    try:
        beside.write_text(encodable(text), encoding="utf-8")
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:
        if not beside.is_file():
            raise
        with path.open("x", encoding="utf-8") as opened:  # a file system without hard links
            opened.write(encodable(text))
    finally:
        _remove(beside)


def _beside(path: Path) -> Path:
    """A new name in the same folder, which is made; the name is short whatever that of `path` is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # of the folder, which is not to be taken for one of the file
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
    return path.with_name(f".{path.name[:40]}.{os.getpid()}.{secrets.token_hex(4)}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

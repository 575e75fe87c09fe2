"""Atomic writes: a file is written under a temporary name in the same folder and then renamed.

A process that is killed at any moment leaves either the old file or the new one. There is no fsync: after a power
failure a file may be old or empty. The files written here can be computed again, which costs less than waiting for the
disk at each write.
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
    """A temporary path for a file or a folder, which replaces `path` at the end of the block.

    A file replaces a file; a folder replaces an empty folder. After an error in the block `path` is unchanged and the
    temporary path is removed. Missing parent folders are created. Raises NotADirectoryError where one of them is a
    file, and OSError where nothing can be written there.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        _remove(temporary)


def replace_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, lone surrogates as U+FFFD."""
    with replacing(path) as temporary:
        temporary.write_text(encodable(text), encoding="utf-8")


def create_text(path: Path, text: str) -> None:
    """Like `replace_text`, for a file that does not exist yet.

    Raises FileExistsError where it exists, also in the second of two processes that write it at the same time.
    """
    temporary = _temporary(path)
    try:
        temporary.write_text(encodable(text), encoding="utf-8")
        os.link(temporary, path)  # unlike a rename, a link fails where the file exists
    except FileExistsError:
        raise
    except OSError:
        if not temporary.is_file():
            raise
        with path.open("x", encoding="utf-8") as opened:  # a file system without hard links
            opened.write(encodable(text))
    finally:
        _remove(temporary)


def _temporary(path: Path) -> Path:
    """A new short name in the same folder, which is created if it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # callers take FileExistsError for one about the file
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
    return path.with_name(f".{path.name[:40]}.{os.getpid()}.{secrets.token_hex(4)}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

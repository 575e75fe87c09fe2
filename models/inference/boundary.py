"""The boundary to code that is not ours: whatever a library raises becomes one LabirintoError of one line.

Engines, loaders, tokenizers, chat templates and trainers raise anything. The line has the exception's type, its words
and the place where it was raised; the whole traceback goes to `errors.log` in LABIRINTO_HOME.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.mazes.errors import EngineError, LabirintoError
from benchmark.mazes.printable import encodable
from models import store
from models.secrets import mask

LONGEST = 500  # characters of the exception's own words in the line
LOG_BYTES = 2**20  # a longer log is renamed to errors.log.1, and a new one begun
ROOT = Path(__file__).parents[2]


def log_file() -> Path:
    """Where the tracebacks of exceptions that are not ours are kept."""
    return store.home() / "errors.log"


@contextmanager
def translated(kind: type[LabirintoError] = EngineError) -> Iterator[None]:
    """What is not a LabirintoError is raised as one of that kind; KeyboardInterrupt and SystemExit pass."""
    try:
        yield
    except LabirintoError:
        raise
    except Exception as error:
        raise translate(error, kind) from error


def translate(error: Exception, kind: type[LabirintoError] = EngineError) -> LabirintoError:
    """The exception as an error of that kind. The traceback is logged, and is the new error's note."""
    trace = mask(encodable("".join(traceback.format_exception(error))))
    log = _log(trace)
    where = f" The traceback is in {log}" if log else " --full-trace shows the traceback"
    translation = kind(f"{mask(_words(error))}{_place(error)}.{where}")
    translation.add_note(trace)
    return translation


def release(error: BaseException) -> None:
    """Empty the frames that an error holds on to, with all that it was raised from: a model may be in them."""
    chain: BaseException | None = error
    while chain is not None:
        traceback.clear_frames(chain.__traceback__)
        chain.__traceback__ = None
        chain = chain.__cause__ or chain.__context__


def _words(error: Exception) -> str:
    """The exception's type and message, in one line."""
    try:
        message = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  a message that cannot be made is no reason to end the session
        message = "its message cannot be shown"
    if len(message) > LONGEST:
        message = f"{message[:LONGEST]} ..."
    return f"{type(error).__name__}: {message.rstrip('.')}" if message else type(error).__name__


def _place(error: Exception) -> str:
    """The innermost file and line, as far as they are known, in brackets."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    file = Path(frames[-1].filename)
    if "site-packages" in file.parts:
        file = Path(*file.parts[len(file.parts) - file.parts[::-1].index("site-packages") :])
    elif file.is_relative_to(ROOT):
        file = file.relative_to(ROOT)
    return f" ({file}:{frames[-1].lineno})"


def _log(trace: str) -> Path | None:
    """Append a traceback to the log; None where there can be none."""
    file = log_file()
    head = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {' '.join(map(encodable, sys.argv))}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > LOG_BYTES:
            file.replace(file.with_name(f"{file.name}.1"))
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{mask(head)}\n{trace}\n")
    except OSError:
        return None
    return file

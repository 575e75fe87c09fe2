"""How a command line ends: its reader may leave early, as `| head` does, its disk be full, Ctrl-C be pressed."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

STOPPED = 130  # exit codes as shells have them: 128 + SIGINT
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = 141  # 128 + SIGPIPE: never 0, or `compare | head` would say that nothing got worse


def run_piped(command: Callable[[], int]) -> int:
    """Run a command line and return its exit code.

    Returns:
        What the command returns; 2 where its output cannot be written (a full disk behind `>`), 130 after Ctrl-C, and
        141 where nobody reads its output any more. Characters that the terminal cannot show are escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = command()
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout, sys.stderr)
        return CLOSED
    except OSError as error:
        if error.errno not in FULL:
            raise
        _discard(sys.stdout)
        print(f"cannot write: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return STOPPED
    return code


def _discard(*streams: TextIO) -> None:
    """Send what is still in a stream's buffer nowhere: Python flushes once more at its end, and would complain."""
    for stream in streams:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)

"""Runs a command line whose output may be closed early (`| head`), whose disk may be full, or which Ctrl-C may stop."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

STOPPED = 130  # the exit code of shells for Ctrl-C: 128 + SIGINT
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = 141  # 128 + SIGPIPE; not 0, which would mean for `compare | head` that nothing got worse


def run_piped(command: Callable[[], int]) -> int:
    """Run a command line and return its exit code.

    Returns:
        The exit code of the command; 2 where its output cannot be written (a full disk after `>`), 130 after Ctrl-C,
        and 141 where its output was closed. Characters that the terminal cannot show are escaped.
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
        print(f"cannot write the output: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return STOPPED
    return code


def _discard(*streams: TextIO) -> None:
    """Discard the buffers of the streams. Python flushes them once more when it exits, and would print an error."""
    for stream in streams:
        with suppress(OSError, ValueError):
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, stream.fileno())
            os.close(devnull)

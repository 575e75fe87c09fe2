"""A command line whose reader may leave early, as `| head` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

STOPPED = 130  # the exit code of a command that Ctrl-C has stopped, as shells have it


def run_piped(command: Callable[[], int]) -> int:
    """The exit code of a command; 0 where nobody reads its output any more, and 130 after Ctrl-C."""
    try:
        code = command()
        if sys.stdout:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # what is still in the buffer goes nowhere, or Python would complain of it once more when it ends
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return STOPPED

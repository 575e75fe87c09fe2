"""The process that vLLM runs in, as its parent sees it; `vllm_process` is the other end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from benchmark.mazes.errors import EngineError
from models import hardware, threads

from .vllm_settings import Launch

ROOT = Path(__file__).parents[2]
TAIL = 15  # lines of the log in an error


class Child:
    """It begins to start when it is created; `wait` returns when it has.

    vLLM has no way to give a GPU's memory back, and takes its process down when it fails: so it has one of its own,
    which is killed with all that it started. Its messages come through a pipe that nothing else writes to, and what
    vLLM and its libraries print goes to a file, which no reader has to empty and whose end is shown when it dies.
    """

    def __init__(self, launch: Launch) -> None:
        """Raises EngineError if there is not enough memory."""
        settings = launch.settings()
        self.launch = launch
        self.longest: int = settings["longest"]
        """The most tokens of a prompt and its reply that it takes."""
        self._is_ready = False
        self._began = time.monotonic()
        self._log = tempfile.NamedTemporaryFile(prefix="labirinto-vllm-", suffix=".log", mode="w+", errors="replace")  # noqa: SIM115  closed in close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.vllm_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | _environment(),
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )
        self._input, self._output = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._send(settings)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fits(self, launch: Launch) -> bool:
        """Whether it runs, has this model with these settings, and takes an adapter of this rank."""
        return not self._log.closed and self._process.poll() is None and self.launch.serves(launch)

    def wait(self) -> float:
        """Wait until it has started; returns the seconds since it was created, 0 where it had started before."""
        if self._is_ready:
            return 0.0
        self._receive()
        self._is_ready = True
        return time.monotonic() - self._began

    def ask(self, order: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The messages to an order, see `vllm_process`, as they come.

        A caller who leaves early ends the process: it cannot be told to stop, and the replies that it still has to send
        would be read as those to the next order.
        """
        try:
            self._send(order)
            while "done" not in (message := self._receive()):
                yield message
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it, with all that it started."""
        if self._log.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._input, self._output, self._log):
            with suppress(BrokenPipeError):  # what was still to be sent has nobody to read it
                pipe.close()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._input.write(json.dumps(message) + "\n")
            self._input.flush()
        except BrokenPipeError:
            raise self._describe_end() from None

    def _receive(self) -> dict[str, Any]:
        line = self._output.readline()
        if not line:
            raise self._describe_end()
        message: dict[str, Any] = json.loads(line)
        return message

    def _describe_end(self) -> EngineError:
        """How it ended and what it wrote last; what is left of it is cleared away."""
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        when = "while it replied" if self._is_ready else "before it had started"
        self._log.seek(0)
        tail = "".join(f"\n    {line.rstrip()}" for line in self._log.readlines()[-TAIL:])
        self.close()
        return EngineError(
            f"vllm {how} {when}. The replies until then are kept, and the same command goes on from there; "
            f"--engine transformers does without it. The last that it wrote:{tail or ' nothing'}"
        )


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # both were asked for
    return pipe


def _environment() -> dict[str, str]:
    """What vLLM takes from the environment, unless the user has set it."""
    wanted = {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # all in that one process, which is ours to end
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
    }
    if not hardware.has_cuda():
        cores = threads.idle_cores()  # it binds a thread to each, and all wait for one that shares its core
        wanted |= {
            "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)),  # its own choice leaves cores out
        }
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {name: os.environ.get(name, value) for name, value in wanted.items()} | {"PYTHONPATH": path}

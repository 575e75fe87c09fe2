"""Measures the time of a build on idle cores, and on cores that each run a busy loop too.

    python -m scripts.speed_threads [--examples 160] [--rounds 2]

Each row builds the same small `sft` from the shipped base, in a process of its own, with these settings of OpenMP:

| row | settings |
| --- | --- |
| default | none: the project chooses the threads itself |
| OpenMP's own | GOMP_SPINCOUNT=300000, which is libgomp's default, and a fixed number of threads |
| passive | OMP_WAIT_POLICY=PASSIVE, and a fixed number of threads |
| one thread | OMP_NUM_THREADS=1 |

A time is the one in the record of the checkpoint, without imports. The median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tabulate import tabulate

LIMIT = 300  # seconds after which a build is stopped
SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
CORES = str(len(os.sched_getaffinity(0)))
ROWS: dict[str, dict[str, str]] = {
    "default": {},
    "OpenMP's own": {"OMP_NUM_THREADS": CORES, "GOMP_SPINCOUNT": "300000"},
    "passive": {"OMP_NUM_THREADS": CORES, "OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all rows, idle and busy, and print a row for each."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.speed_threads",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--examples", type=int, default=160, help="training examples, 8 a step (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="builds for each figure (default: %(default)s)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help="default: all")
    options = parser.parse_args(arguments)
    seconds: defaultdict[tuple[str, bool], list[float]] = defaultdict(list)
    for _ in range(options.rounds):
        for row in options.rows:
            for is_busy in (False, True):
                with busy_loops(int(CORES) if is_busy else 0):
                    seconds[row, is_busy].append(build(ROWS[row], options.examples))
                print(row, "busy" if is_busy else "idle", seconds[row, is_busy][-1], file=sys.stderr)
    table = []
    for row in options.rows:
        idle, busy = (median(seconds[row, is_busy]) for is_busy in (False, True))
        table.append([row, f"{idle:.1f}", f"{busy:.1f}", f"{busy / idle:.1f}"])
    print(tabulate(table, headers=["threads", "idle, s", "busy, s", "ratio"], tablefmt="github", disable_numparse=True))
    return 0


@contextmanager
def busy_loops(n: int) -> Iterator[None]:
    """Start `n` processes that only compute, and stop them at the end."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def build(settings: Mapping[str, str], examples: int) -> float:
    """The seconds of a build with these environment variables; infinity if it takes longer than LIMIT."""
    with tempfile.TemporaryDirectory() as home:
        names = Path(home) / "names.toml"
        names.write_text(f'timed = {{recipe = "sft", num_examples = {examples}}}\n')
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        try:
            subprocess.run(
                [sys.executable, "-m", "models", "--checkpoints", str(names), "build", "timed"],
                env=environment | {"LABIRINTO_HOME": home} | dict(settings),
                check=True,
                capture_output=True,
                timeout=LIMIT,
            )
        except subprocess.TimeoutExpired:
            return float("inf")
        (record,) = Path(home).glob("checkpoints/*/labirinto.json")
        return float(json.loads(record.read_text())["seconds"])


if __name__ == "__main__":
    sys.exit(main())

"""One size and many mazes: a narrower interval than a tier's 400, and one for each generator.

    python -m scripts.held_out sft --size 5 --mazes 1050

Their layouts are those that no training ever meets (see `mazes.split`), each only once. They are made from seeds and
belong to no suite, so these figures stand beside a table and not in one. Generators that were never learned from are
among them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import count, islice

from tabulate import tabulate
from tqdm import tqdm

from benchmark.mazes.errors import LabirintoError
from benchmark.mazes.generate import GENERATORS, Source
from benchmark.mazes.maze import Maze
from benchmark.mazes.training import make_mazes
from models import load, registry
from models.training.generation import count_solved
from reports.statistics import wilson

AT_ONCE = 64  # mazes in a batch


def mazes(generator: str, size: int) -> Iterator[Maze]:
    """Square mazes of layouts kept from training, no two alike, their ends at least a side's length apart.

    They end where a block of seeds brings nothing new: the smallest sizes have only so many layouts.
    """
    met: set[bytes] = set()
    for block in count():
        source = Source(f"held-out/{size}x{size}/{generator}/{block}", generator, size, size)
        fresh = {maze.walls.tobytes(): maze for maze in make_mazes(source, AT_ONCE, size, held_out=True)}
        fresh = {layout: maze for layout, maze in fresh.items() if layout not in met}
        if not fresh:
            return
        met.update(fresh)
        yield from fresh.values()


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask a checkpoint and print a row for each generator and one for all of them."""
    parser = argparse.ArgumentParser(prog="python -m scripts.held_out", description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", help="a name, path or hub id, as for `pytest benchmark --checkpoint`")
    parser.add_argument("--size", type=int, default=5, help="rows, and as many columns (default: %(default)s)")
    parser.add_argument("--mazes", type=int, default=1050, help="over all generators together (default: %(default)s)")
    options = parser.parse_args(arguments)
    rows = []
    try:
        checkpoint = registry.find(options.checkpoint)
        weights = checkpoint.weights()
        model, tokenizer = load.model(weights), load.tokenizer(weights)
        style = "chat" if checkpoint.prompt_style == "chat" else "search"
        with tqdm(total=options.mazes, desc=f"{checkpoint.name}: mazes", unit="maze") as bar:
            for generator in GENERATORS:
                n = right = 0
                waiting = islice(mazes(generator, options.size), options.mazes // len(GENERATORS))
                while some := list(islice(waiting, AT_ONCE)):
                    n, right = n + len(some), right + count_solved(model, tokenizer, some, style)
                    bar.update(len(some))
                rows.append((generator, n, right))
    except LabirintoError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    rows.append(("all", sum(n for _, n, _ in rows), sum(right for *_, right in rows)))
    table = [
        (name, n, f"{right / n:.1%}" if n else "", " - ".join(f"{end:.1%}" for end in wilson(right, n)))
        for name, n, right in rows
    ]
    print(tabulate(table, headers=["generator", "n", "solved", "95 % interval"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

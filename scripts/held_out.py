"""Measures a checkpoint on many mazes of one size: narrower intervals than a tier's 400 mazes, and one per generator.

    python -m scripts.held_out sft --size 5 --mazes 1050

The layouts are held out from all training (see `benchmark.mazes.split`), and each occurs once. They are generated from
seeds and belong to no suite: do not mix these figures with the tables of a suite. Generators that no training uses are
included.
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
    """Square mazes with different held-out layouts, S and G at least `size` moves apart.

    The stream ends when a block of seeds contains no new layout: small sizes have few layouts.
    """
    seen: set[bytes] = set()
    for block in count():
        source = Source(f"held-out/{size}x{size}/{generator}/{block}", generator, size, size)
        fresh = {maze.walls.tobytes(): maze for maze in make_mazes(source, AT_ONCE, size, held_out=True)}
        fresh = {layout: maze for layout, maze in fresh.items() if layout not in seen}
        if not fresh:
            return
        seen.update(fresh)
        yield from fresh.values()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure a checkpoint, and print a row for each generator and one for all of them."""
    parser = argparse.ArgumentParser(prog="python -m scripts.held_out", description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", help="a name, path or hub id, as for `pytest benchmark --checkpoint`")
    parser.add_argument("--size", type=int, default=5, help="rows, and as many columns (default: %(default)s)")
    parser.add_argument(
        "--mazes", type=int, default=1050, help="mazes of all generators together (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    rows = []
    try:
        checkpoint = registry.find(options.checkpoint)
        weights = checkpoint.weights()
        model, tokenizer = load.model(weights), load.tokenizer(weights)
        answer_format = "chat" if checkpoint.prompt_style == "chat" else "search"
        with tqdm(total=options.mazes, desc=f"{checkpoint.name}: mazes", unit="maze") as bar:
            for generator in GENERATORS:
                n = right = 0
                stream = islice(mazes(generator, options.size), options.mazes // len(GENERATORS))
                while batch := list(islice(stream, AT_ONCE)):
                    n, right = n + len(batch), right + count_solved(model, tokenizer, batch, answer_format)
                    bar.update(len(batch))
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

"""One size and many mazes: a narrower interval than a tier's 400, and one for each generator.

    python -m benchmark.held_out sft --size 5 --mazes 1050

Their layouts are those that no training ever meets (see `mazes.split`), each only once. They are made from seeds and
belong to no suite, so these figures stand beside a table and not in one. Generators that were never learned from are
among them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING

from benchmark.mazes.errors import LabirintoError
from benchmark.mazes.generate import GENERATORS

if TYPE_CHECKING:
    from benchmark.mazes.maze import Maze

AT_ONCE = 64  # mazes in a batch


def mazes(generator: str, size: int) -> Iterator[Maze]:
    """Square mazes of layouts kept from training, no two alike, their ends at least a side's length apart."""
    from benchmark.mazes.ends import pick
    from benchmark.mazes.generate import batch
    from benchmark.mazes.maze import Maze
    from benchmark.mazes.seeds import seeds
    from benchmark.mazes.split import reserved

    met = set()
    for block in count():
        numbers = seeds(f"held-out/{size}x{size}/{generator}/{block}", AT_ONCE)
        walls = batch(generator, size, size, numbers)
        free = reserved(walls)
        ends = pick(walls[free], numbers[free], at_least=size)
        for layout, (start, goal) in zip(walls[free], ends, strict=True):
            if start[0] >= 0 and layout.tobytes() not in met:
                met.add(layout.tobytes())
                yield Maze(layout, start, goal, check=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask a checkpoint and print a row for each generator and one for all of them."""
    from tabulate import tabulate
    from tqdm import tqdm

    from benchmark.mazes import answer
    from benchmark.mazes.outcomes import SOLVED
    from benchmark.mazes.score import score
    from models import load, registry
    from models.recipes.replies import replies
    from reports.statistics import wilson

    parser = argparse.ArgumentParser(prog="python -m benchmark.held_out", description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", help="a name, path or hub id, as for `pytest benchmark --checkpoint`")
    parser.add_argument("--size", type=int, default=5, help="rows, and as many columns (default: %(default)s)")
    parser.add_argument("--mazes", type=int, default=1050, help="over all generators together (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        checkpoint = registry.find(options.checkpoint)
        weights = checkpoint.weights()
        model, tokenizer = load.model(weights), load.tokenizer(weights)
    except LabirintoError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    style = "chat" if checkpoint.style == "chat" else "search"
    rows, solved_of_all, asked_of_all = [], 0, 0
    with tqdm(total=options.mazes, desc=f"{checkpoint.name}: mazes", unit="maze") as bar:
        for generator in GENERATORS:
            solved, asked = 0, options.mazes // len(GENERATORS)
            waiting = islice(mazes(generator, options.size), asked)
            while some := list(islice(waiting, AT_ONCE)):
                given = replies(model, tokenizer, some, style, do_sample=False)
                for maze, reply in zip(some, given, strict=True):
                    solved += score(maze, answer.read(reply, maze).strict).outcome in SOLVED
                bar.update(len(some))
            rows.append((generator, asked, solved))
            solved_of_all, asked_of_all = solved_of_all + solved, asked_of_all + asked
    rows.append(("all", asked_of_all, solved_of_all))
    table = [
        (name, n, f"{solved / n:.1%}", " - ".join(f"{end:.1%}" for end in wilson(solved, n)))
        for name, n, solved in rows
    ]
    print(tabulate(table, headers=["generator", "n", "solved", "95 % interval"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

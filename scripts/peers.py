"""How fast mazes are made: ours beside maze-dataset, mazelib and reasoning-gym, in one run on one core.

tox -e peers

Each is asked in the quickest way that it has: maze-dataset and mazelib for the walls alone, as our `batch` gives them.
reasoning-gym gives whole items (a maze with ends, drawn, solved and asked about), and is held against the same of ours.
Rounds of ours and theirs take turns, so that a machine that slows down slows both; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module, metadata
from itertools import count
from statistics import median
from time import perf_counter

import numpy as np
import reasoning_gym as package
from maze_dataset.generation import LatticeMazeGenerators
from tabulate import tabulate
from tqdm import tqdm

from benchmark.mazes.generate import batch, generate
from benchmark.mazes.prompt import PromptOptions, prompt
from benchmark.mazes.solve import shortest_path

ROUNDS = 5
SIZES = (5, 10, 20)
ASCII_MAZE_BENCHMARK = {5: 7044, 10: 2274, 20: 676}  # mazes a second; not on the index, measured from its repository
_OURS = 5_000  # mazes in a batch of ours

Maker = Callable[[int], object]  # makes that many mazes


def ours(generator: str, size: int) -> Maker:
    """The walls of so many mazes, in one batch."""
    seed = count()

    def make(mazes: int) -> object:
        first = next(seed) * 1_000_000
        return batch(generator, size, size, range(first, first + mazes))

    return make


def our_items(size: int) -> Maker:
    """So many whole items, one by one: a maze with ends, its drawing, its question and its solution."""
    seed, asking = count(), PromptOptions("block")

    def make(mazes: int) -> object:
        made = (generate("dfs", size, size, next(seed)) for _ in range(mazes))
        return [(prompt(maze, asking), shortest_path(maze)) for maze in made]

    return make


def maze_dataset(generator: str, size: int) -> Maker:
    make = getattr(LatticeMazeGenerators, {"division": "gen_recursive_division"}.get(generator, f"gen_{generator}"))
    return lambda mazes: [make(np.array([size, size])) for _ in range(mazes)]


def mazelib(generator: str, size: int) -> Maker:
    name = {"dfs": "BacktrackingGenerator", "prim": "Prims", "kruskal": "Kruskal", "wilson": "Wilsons"}.get(
        generator, "Division"
    )
    maker = getattr(import_module(f"mazelib.generate.{name}"), name)
    return lambda mazes: [maker(size, size).generate() for _ in range(mazes)]


def reasoning_gym(size: int) -> Maker:
    seed = count()

    def make(mazes: int) -> object:
        found = package.create_dataset(
            "maze",
            min_grid_size=size,
            max_grid_size=size,
            min_dist=size // 2,
            max_dist=size,
            size=mazes,
            seed=next(seed),
        )
        items = []
        for index in range(mazes):
            with suppress(RuntimeError):  # now and then it finds no place for the goal; such an item counts as made
                items.append(found[index])
        return items

    return make


def rates(makers: list[tuple[Maker, int]], seconds: float) -> list[float]:
    """Mazes a second of each maker, which is asked for so many at a time, for so many seconds a round."""
    found: list[list[float]] = [[] for _ in makers]
    for maker, _ in makers:
        maker(1)  # compiles, imports, warms up
    for _ in range(ROUNDS):
        for rate, (maker, at_once) in zip(found, makers, strict=True):
            made, started = 0, perf_counter()
            while (passed := perf_counter() - started) < seconds:
                maker(at_once)
                made += at_once
            rate.append(made / passed)
    return [median(rate) for rate in found]


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=0.5, help="of a round (default: %(default)s)")
    seconds = parser.parse_args().seconds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for all
    plans: list[tuple[str, str, int, Maker, Maker]] = []
    for size in SIZES:
        plans += [
            (generator, "maze-dataset", size, ours(generator, size), maze_dataset(generator, size))
            for generator in ("dfs", "wilson", "kruskal", "prim", "division", "percolation")
        ]
        plans += [
            (generator, "mazelib", size, ours(generator, size), mazelib(generator, size))
            for generator in ("dfs", "wilson", "kruskal", "prim", "division")
        ]
        plans.append(("whole items", "reasoning-gym", size, our_items(size), reasoning_gym(size)))
    rows, by_size = [], {}
    for generator, peer, size, own, other in tqdm(plans, unit="pair", file=sys.stderr):
        batched = peer != "reasoning-gym"
        ours_rate, theirs = rates([(own, _OURS if batched else 20), (other, 1 if batched else 20)], seconds)
        rows.append(
            [generator, f"{size}x{size}", peer, f"{ours_rate:,.0f}", f"{theirs:,.0f}", _ratio(ours_rate / theirs)]
        )
        if (generator, peer) == ("dfs", "maze-dataset"):
            by_size[size] = ours_rate
    for size, theirs in ASCII_MAZE_BENCHMARK.items():
        ratio = _ratio(by_size[size] / theirs)
        rows.append(["dfs", f"{size}x{size}", "ascii-maze-benchmark *", f"{by_size[size]:,.0f}", f"{theirs:,}", ratio])
    rows.sort(key=lambda row: (row[2], row[0]))
    heads = ["mazes", "size", "peer", "ours /s", "theirs /s", "ratio"]
    print(
        tabulate(
            rows,
            headers=heads,
            tablefmt="github",
            colalign=("left", "left", "left", *["right"] * 3),
            disable_numparse=True,
        )
    )
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("maze-dataset", "mazelib", "reasoning-gym", "numba")
    )
    print(f"\n{versions}; Python {platform.python_version()}, {platform.machine()}, one core")
    print("* its published code, measured on another day on such a machine: it is not on the package index")


if __name__ == "__main__":
    main()

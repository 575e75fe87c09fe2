"""Compares the speed of maze generation with maze-dataset, mazelib and reasoning-gym, in one run on one core.

tox -e peers

Each package is called in its fastest way: maze-dataset and mazelib generate walls only, and are compared with our
`batch`. reasoning-gym generates whole items (a maze with start and goal, drawing, prompt and solution), and is compared
with the same of ours. Rounds alternate between the two, so that a slower machine slows both; the median of the rounds
is printed.
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
ASCII_MAZE_BENCHMARK = {
    5: 7044,
    10: 2274,
    20: 676,
}  # mazes per second; not on the package index, measured from its repository
_OURS = 5_000  # mazes in a batch of ours

Maker = Callable[[int], object]  # generates that many mazes


def ours(generator: str, size: int) -> Maker:
    """Generates walls in one batch."""
    seed = count()

    def make(mazes: int) -> object:
        first = next(seed) * 1_000_000
        return batch(generator, size, size, range(first, first + mazes))

    return make


def our_items(size: int) -> Maker:
    """Generates whole items one by one: a maze with start and goal, its prompt with the drawing, and its solution."""
    seed, options = count(), PromptOptions("block")

    def make(mazes: int) -> object:
        generated = (generate("dfs", size, size, next(seed)) for _ in range(mazes))
        return [(prompt(maze, options), shortest_path(maze)) for maze in generated]

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
        dataset = package.create_dataset(
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
            with suppress(RuntimeError):  # sometimes it finds no place for the goal; such an item is counted too
                items.append(dataset[index])
        return items

    return make


def rates(makers: list[tuple[Maker, int]], seconds: float) -> list[float]:
    """The mazes per second of each maker: the median of ROUNDS rounds of `seconds` seconds.

    `makers` has the number of mazes per call with each maker.
    """
    by_maker: list[list[float]] = [[] for _ in makers]
    for maker, _ in makers:
        maker(1)  # compiles, imports, warms up
    for _ in range(ROUNDS):
        for round_rates, (maker, at_once) in zip(by_maker, makers, strict=True):
            generated, started = 0, perf_counter()
            while (passed := perf_counter() - started) < seconds:
                maker(at_once)
                generated += at_once
            round_rates.append(generated / passed)
    return [median(round_rates) for round_rates in by_maker]


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=0.5, help="seconds per round (default: %(default)s)")
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
    for generator, peer, size, our_maker, peer_maker in tqdm(plans, unit="pair", file=sys.stderr):
        batched = peer != "reasoning-gym"
        our_rate, peer_rate = rates(
            [(our_maker, _OURS if batched else 20), (peer_maker, 1 if batched else 20)], seconds
        )
        rows.append(
            [generator, f"{size}x{size}", peer, f"{our_rate:,.0f}", f"{peer_rate:,.0f}", _ratio(our_rate / peer_rate)]
        )
        if (generator, peer) == ("dfs", "maze-dataset"):
            by_size[size] = our_rate
    for size, peer_rate in ASCII_MAZE_BENCHMARK.items():
        ratio = _ratio(by_size[size] / peer_rate)
        rows.append(
            ["dfs", f"{size}x{size}", "ascii-maze-benchmark *", f"{by_size[size]:,.0f}", f"{peer_rate:,}", ratio]
        )
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
    print("* its published code, measured on another day on a similar machine: it is not on the package index")


if __name__ == "__main__":
    main()

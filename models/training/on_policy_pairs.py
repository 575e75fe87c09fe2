"""On-policy preference pairs: wrong replies of a checkpoint itself, each with a right reply.

Pairs of `models.data.pairs` differ in the answer alone; a model of the nano family makes its errors in the search.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from benchmark.mazes import answer
from benchmark.mazes.atomic import replace_text
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from models import load, processes
from models.data.formats import as_reply, build_example
from models.data.pairs import Pair
from models.weights import Weights

from .generation import generate
from .pair_settings import PairSettings

BATCH = 64  # replies that are generated at once


def sample(recipe: PairSettings, mazes: int, parent: Weights, file: Path) -> list[Pair]:
    """Sample a reply of the parent to each of `mazes` mazes; pair each reply that is not optimal with a right one.

    The pairs are stored in `file`, so that an interrupted build does not sample again.
    """
    if file.is_file():
        return [json.loads(line) for line in file.read_text().splitlines()]
    model, tokenizer = load.model(parent), load.tokenizer(parent)
    if torch.cuda.is_available():
        model = model.to("cuda")
    pairs: list[Pair] = []
    with tqdm(total=mazes, desc=f"{recipe.parent}: own replies", unit="maze", file=sys.stderr) as bar:
        for size in sorted(set(recipe.sizes)):
            share = mazes * recipe.sizes.count(size) // len(recipe.sizes)
            torch.manual_seed(recipe.seed)
            stream = islice(recipe.mazes(f"own-{recipe.seed}", size), share)
            for batch in _batches(stream):
                pairs += pair_mistakes(model, tokenizer, batch, recipe.answer_format)
                bar.update(len(batch))
    if processes.is_first():
        replace_text(file, "".join(json.dumps(pair) + "\n" for pair in pairs))
    return pairs


def pair_mistakes(
    model: Any, tokenizer: Any, mazes: list[Maze], answer_format: str, temperature: float = 1.0
) -> Iterator[Pair]:
    """Sample a reply to each maze, and yield a pair for each reply that is not optimal.

    On one machine, the replies depend on torch's seed and the temperature alone.
    """
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    replies = generate(model, tokenizer, mazes, answer_format, **sampling)
    for maze, reply in zip(mazes, replies, strict=True):
        if score(maze, answer.read(reply, maze).strict).outcome != "optimal":
            prompt, chosen = build_example(maze, answer_format)
            yield {"prompt": prompt, "chosen": chosen, "rejected": as_reply(reply, answer_format)}


def _batches(mazes: Iterator[Maze]) -> Iterator[list[Maze]]:
    while batch := list(islice(mazes, BATCH)):
        yield batch

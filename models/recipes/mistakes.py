"""A checkpoint's own wrong replies, each beside a right one: preference pairs that are on-policy.

What a model gets wrong by itself teaches it more than what a verifier thinks up: pairs of `preferences` differ in the
answer alone, while a model of ours errs while it searches.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.mazes import answer
from benchmark.mazes.atomic import replace_text
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from models import load, processes

from . import texts
from .preferences import Pair
from .replies import replies

if TYPE_CHECKING:
    from models.load import Weights

    from .dpo import Dpo

AT_ONCE = 64  # replies in a batch


def mistakes(recipe: Dpo, parent: Weights, file: Path) -> list[Pair]:
    """The pairs of `recipe.own` mazes; kept in `file`, so that an interrupted build need not ask again."""
    import torch
    from tqdm import tqdm

    if file.is_file():
        return [json.loads(line) for line in file.read_text().splitlines()]
    model, tokenizer = load.model(parent), load.tokenizer(parent)
    if torch.cuda.is_available():
        model = model.to("cuda")
    found = []
    with tqdm(total=recipe.own, desc=f"{recipe.parent}: own replies", unit="maze", file=sys.stderr) as bar:
        for size in sorted(set(recipe.sizes)):
            share = recipe.own * recipe.sizes.count(size) // len(recipe.sizes)
            torch.manual_seed(recipe.seed)
            found += asked(model, tokenizer, islice(recipe.mazes(f"own-{recipe.seed}", size), share), recipe.style, bar)
    if processes.is_first():
        replace_text(file, "".join(json.dumps(pair) + "\n" for pair in found))
    return found


def asked(
    model: Any, tokenizer: Any, mazes: Iterator[Maze], style: str, bar: Any, temperature: float = 1.0
) -> Iterator[Pair]:
    """Ask a model about mazes, and give a pair for each reply that is not optimal.

    Replies are sampled at this temperature, the same ones for the same seed on one machine.
    """
    while batch := list(islice(mazes, AT_ONCE)):
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        given = replies(model, tokenizer, batch, style, **sampling)
        for maze, reply in zip(batch, given, strict=True):
            if score(maze, answer.read(reply, maze).strict).outcome != "optimal":
                prompt, chosen = texts.question(maze, style)
                yield {"prompt": prompt, "chosen": chosen, "rejected": texts.spoken(reply, style)}
        bar.update(len(batch))

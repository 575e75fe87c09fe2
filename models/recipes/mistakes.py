"""A checkpoint's own wrong replies, each beside a right one: preference pairs that are on-policy.

What a model gets wrong by itself teaches it more than what a verifier thinks up: pairs of `preferences` differ in the
answer alone, while a model of ours errs while it searches.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmark.mazes import answer
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path

from . import texts
from .preferences import Pair

AT_ONCE = 64  # replies in a batch


def mistakes(parent: Path, mazes: Iterator[Maze], asked: int, seed: int, temperature: float = 1.0) -> Iterator[Pair]:
    """Ask a checkpoint of the nano family about so many mazes, and give a pair for each reply that is not optimal.

    Replies are sampled at this temperature, the same ones for the same seed on one machine.
    """
    import torch
    from tqdm import tqdm

    from . import trainer

    model, tokenizer = trainer.load(parent)
    tokenizer.padding_side = "left"
    model.eval()
    torch.manual_seed(seed)
    with tqdm(total=asked, desc="its own replies", unit="maze", file=sys.stderr) as bar:
        while bar.n < asked:
            batch = list(islice(mazes, min(AT_ONCE, asked - bar.n)))
            prompts = [texts.ask(maze) for maze in batch]
            inputs = tokenizer(prompts, return_tensors="pt", padding=True)
            limit = 64 + 5 * max(maze.walls.size for maze in batch)
            with torch.inference_mode():
                output = model.generate(
                    **inputs, max_new_tokens=limit, do_sample=True, temperature=temperature, top_k=0, top_p=1.0
                )
            written = tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            for maze, prompt, reply in zip(batch, prompts, written, strict=True):
                if score(maze, answer.read(reply, maze).strict).outcome != "optimal":
                    right = texts.reply(maze, answer.cells(maze.start, shortest_path(maze)))
                    yield {"prompt": prompt, "chosen": right, "rejected": reply}
            bar.update(len(batch))

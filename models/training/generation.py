"""What a model that is trained, or is trained from, replies: one batch, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from benchmark.mazes import answer
from benchmark.mazes.score import score
from models import load
from models.data import texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from benchmark.mazes.maze import Maze


def replies(
    model: Any, tokenizer: PreTrainedTokenizerBase, mazes: Sequence[Maze], style: str, **sampling: Any
) -> list[str]:
    """What a model replies to the question about these mazes, asked as one batch."""
    asked = [texts.ask(maze, style) for maze in mazes]
    if style == "chat":
        asked = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    inputs = tokenizer(
        asked, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=style != "chat"
    )
    inputs = inputs.to(model.device)
    most = texts.most_tokens(style, max(maze.walls.size for maze in mazes))
    with torch.inference_mode():
        room = load.room(model, inputs["input_ids"].shape[1] + most)
        output = model.generate(**inputs, **room, max_new_tokens=most, pad_token_id=tokenizer.pad_token_id, **sampling)
    return tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def solved(model: Any, tokenizer: PreTrainedTokenizerBase, mazes: Sequence[Maze], style: str) -> int:
    """How many of these mazes a model solves, asked as one batch, when it says what is likeliest."""
    given = replies(model, tokenizer, mazes, style, do_sample=False)
    return sum(score(maze, answer.read(reply, maze).strict).solved for maze, reply in zip(mazes, given, strict=True))

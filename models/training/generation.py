"""Generates replies during training, or as training data: one batch, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from benchmark.mazes import answer
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from models.data.formats import build_prompt, max_completion_tokens
from models.static_cache import static_cache


def generate(
    model: Any, tokenizer: PreTrainedTokenizerBase, mazes: Sequence[Maze], answer_format: str, **sampling: Any
) -> list[str]:
    """The replies of a model to the prompts about these mazes, in one batch."""
    prompts: Any = [build_prompt(maze, answer_format) for maze in mazes]
    is_chat = answer_format == "chat"
    if is_chat:
        prompts = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, tokenize=False)
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=not is_chat)
    inputs = inputs.to(model.device)
    prompt_tokens = inputs["input_ids"].shape[1]
    limit = max_completion_tokens(answer_format, max(maze.walls.size for maze in mazes))
    with torch.inference_mode():
        cache = static_cache(model, prompt_tokens + limit)
        output = model.generate(
            **inputs, **cache, max_new_tokens=limit, pad_token_id=tokenizer.pad_token_id, **sampling
        )
    return list(tokenizer.batch_decode(output[:, prompt_tokens:], skip_special_tokens=True))


def count_solved(model: Any, tokenizer: PreTrainedTokenizerBase, mazes: Sequence[Maze], answer_format: str) -> int:
    """The number of these mazes that a model solves with greedy replies, in one batch."""
    replies = generate(model, tokenizer, mazes, answer_format, do_sample=False)
    return sum(score(maze, answer.read(reply, maze).strict).solved for maze, reply in zip(mazes, replies, strict=True))

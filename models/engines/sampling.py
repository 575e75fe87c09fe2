"""Chooses the next token of each row of a batch, with the sampling of its own request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from models.requests import Request

from .sampling_names import check_arguments

_PENALTIES: dict[str, Any] = {
    "repetition_penalty": lambda value: RepetitionPenaltyLogitsProcessor(float(value)),
    "no_repeat_ngram_size": NoRepeatNGramLogitsProcessor,
}
"""What changes the logits also of greedy replies; in transformers' order, as the following."""
_WARPERS: dict[str, Any] = {
    "top_k": TopKLogitsWarper,
    "top_p": lambda value: TopPLogitsWarper(float(value)),
    "min_p": lambda value: MinPLogitsWarper(float(value)),
    "typical_p": lambda value: TypicalLogitsWarper(float(value)),
    "epsilon_cutoff": EpsilonLogitsWarper,
    "eta_cutoff": EtaLogitsWarper,
}
"""What leaves out tokens of sampled replies, after the temperature."""


class Sampling:
    """How the tokens of one reply are chosen: the likeliest, or a sampled one, by Gumbel noise on the logits.

    The noise comes from the request's own generator, so that a sample does not depend on what else is in the batch
    (Maddison, Tarlow and Minka 2014).
    """

    def __init__(self, request: Request) -> None:
        """Raises CheckpointError for arguments that are not known, or have wrong values."""
        arguments = request.generation.arguments
        check_arguments(arguments, "transformers")
        self.temperature = request.temperature
        self._generator = torch.Generator().manual_seed(request.seed) if request.temperature else None
        self._penalties = _processors(_PENALTIES, arguments)
        self._warpers = _processors(_WARPERS, arguments if request.temperature else {})

    @property
    def has_processors(self) -> bool:
        return bool(self._penalties or self._warpers)

    def process(self, ids: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """The logits of the token after these, with the arguments of the request applied."""
        before = torch.tensor([ids], device=logits.device)
        scores = self._penalties(before, logits[None])
        if self._warpers:
            scores = self._warpers(before, scores / self.temperature) * self.temperature
        return scores[0]

    def noise(self, tokens: int) -> torch.Tensor:
        """Uniform random numbers, one for each token of the vocabulary."""
        return torch.rand(tokens, generator=self._generator)


def choose(samplings: Sequence[Sampling], ids: Sequence[Sequence[int]], logits: torch.Tensor) -> list[int]:
    """The next token of each row.

    Args:
        samplings: one for each row.
        ids: the prompt and the reply so far of each row; only read where a request has arguments.
        logits: of shape (rows, tokens).
    """
    processed = [row for row, sampling in enumerate(samplings) if sampling.has_processors]
    sampled = [row for row, sampling in enumerate(samplings) if sampling.temperature]
    if processed or sampled:
        logits = logits.clone()
    for row in processed:
        logits[row] = samplings[row].process(ids[row], logits[row])
    if sampled:
        temperatures = torch.tensor([samplings[row].temperature for row in sampled])
        uniform = torch.stack([samplings[row].noise(logits.shape[1]) for row in sampled])
        noise = -torch.log(-torch.log(uniform.clamp(1e-9, 1 - 1e-7)))
        logits[sampled] += (temperatures[:, None] * noise).to(logits)
    tokens: list[int] = logits.argmax(-1).tolist()
    return tokens


def _processors(known: dict[str, Any], arguments: Any) -> LogitsProcessorList:
    made: list[LogitsProcessor] = [make(arguments[name]) for name, make in known.items() if name in arguments]
    return LogitsProcessorList(made)

"""Sampling by noise, with a generator of random numbers for each row of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from models.requests import Request


class GumbelNoise:
    """Makes the likeliest token a sampled one: Gumbel noise on the logits (Maddison, Tarlow and Minka 2014).

    Each row draws from a generator of its own, so that a sample does not depend on what stands beside it in a batch.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        self._temperatures = torch.tensor([request.temperature for request in requests])
        self._generators = [torch.Generator().manual_seed(request.seed) for request in requests]

    def __call__(self, ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Logits of shape (rows, tokens), with noise."""
        uniform = torch.stack([torch.rand(logits.shape[1], generator=generator) for generator in self._generators])
        noise = -torch.log(-torch.log(uniform.clamp(1e-9, 1 - 1e-7)))
        return logits + (self._temperatures[:, None] * noise).to(logits)

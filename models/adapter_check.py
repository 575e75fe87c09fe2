"""Checks that an adapter changes the logits of its base, and that the merged model has the same logits."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from benchmark.mazes.errors import CheckpointError

from .load import model, tokenizer
from .weights import Weights

MERGED = 2e-3
"""The largest allowed difference between the logits of an adapter and of the merged model, in standard deviations of
the logits. In float32 they differ by about 1e-6."""


def check_applied(adapted: Any, ids: list[int], weights: Weights) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of a text without and with the adapter, each (1, tokens, vocabulary).

    Raises CheckpointError if they are equal.
    """
    text = torch.tensor([ids], device=adapted.device)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about trained biases, which remain when the adapter is disabled
        with adapted.disable_adapter():
            bare = adapted(text).logits.float()
        applied = adapted(text).logits.float()
    if torch.equal(bare, applied):
        raise changes_nothing(weights)
    return bare, applied


def changes_nothing(weights: Weights) -> CheckpointError:
    """The error about an adapter that has no effect."""
    return CheckpointError(
        f"the adapter in {weights.folder} changes nothing: its logits equal those of {weights.base}. "
        "Its weights are zeros, or it was made for a model whose layers have other names"
    )


def check_adapter(weights: Weights, text: str) -> dict[str, float]:
    """Check that an adapter changes the logits of a text, and that the merged model has the same logits.

    Returns the largest differences to the logits of the base (`from_base`) and of the merged model (`from_merged`), in
    standard deviations of the base's logits. Raises CheckpointError if the adapter has no effect, or if the logits of
    the merged model differ by more than MERGED.
    """
    ids = tokenizer(weights)(text)["input_ids"]
    adapted = model(weights)
    bare, applied = check_applied(adapted, ids, weights)
    with torch.inference_mode():
        merged = adapted.merge_and_unload(safe_merge=True)(torch.tensor([ids])).logits.float()
    spread = bare.std().item()
    from_base, from_merged = ((logits - applied).abs().max().item() / spread for logits in (bare, merged))
    if from_merged > MERGED:
        raise CheckpointError(
            f"the logits of the adapter in {weights.folder} and of the merged model differ by {from_merged:.2g} "
            f"standard deviations, more than {MERGED}. Do not use this adapter merged"
        )
    return {"from_base": from_base, "from_merged": from_merged}

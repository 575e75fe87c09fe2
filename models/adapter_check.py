"""Whether an adapter is really applied, and merged into its model says the same."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from benchmark.mazes.errors import CheckpointError

from .load import model, tokenizer
from .weights import Weights

MERGED = 2e-3
"""How far apart the logits of an adapter and of the model it was merged into may be, as a share of their spread (in
float32 they differ by about 1e-6)."""


def check_applied(adapted: Any, ids: list[int], weights: Weights) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of a text, without the adapter and with it: they have to differ. Raises CheckpointError where not."""
    text = torch.tensor([ids], device=adapted.device)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of biases that stay where the adapter is switched off
        with adapted.disable_adapter():
            bare = adapted(text).logits.float()
        applied = adapted(text).logits.float()
    if torch.equal(bare, applied):
        raise changes_nothing(weights)
    return bare, applied


def changes_nothing(weights: Weights) -> CheckpointError:
    """What is said of an adapter that is not applied, or has nothing to apply."""
    return CheckpointError(
        f"the adapter in {weights.folder} changes nothing: its logits are those of {weights.base}. "
        "Its weights are zeros, or it was made for a model whose layers have other names"
    )


def check_adapter(weights: Weights, text: str) -> dict[str, float]:
    """Whether an adapter is really applied: its logits on a text differ from its base's, and merging changes nothing.

    Returns how far the logits are from the base's and from the merged model's, as shares of the spread (standard
    deviation) of the base's. Raises CheckpointError where the adapter does nothing, or merged and unmerged disagree.
    """
    ids = tokenizer(weights)(text)["input_ids"]
    adapted = model(weights)
    bare, applied = check_applied(adapted, ids, weights)
    with torch.inference_mode():
        merged = adapted.merge_and_unload(safe_merge=True)(torch.tensor([ids])).logits.float()
    from_base, from_merged = ((other - applied).abs().max().item() / bare.std().item() for other in (bare, merged))
    if from_merged > MERGED:
        raise CheckpointError(
            f"the adapter in {weights.folder} and its merged model disagree by {from_merged:.2g} of the spread of the "
            "logits: it cannot be trusted"
        )
    return {"from_base": from_base, "from_merged": from_merged}

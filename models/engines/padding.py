"""Whether a model can be asked in batches that change, with padding on the left and a cache of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from models.static_cache import has_prompt, is_plain

from .forward import Forward

STEPS = 4
"""Tokens after the prompt: some models (RecurrentGemma) see padding from the second on."""
TOLERANCE = {torch.float32: 1e-3}
"""How far logits may move, as a share of their spread: in float32 by 1e-6 where padding is not seen, else 0.01."""
ROUNDED_TOLERANCE = 0.2
"""The same in formats of 16 bits."""


def takes_batches(model: Any, texts: Sequence[Sequence[int]]) -> bool:
    """Whether the shortest and the longest of these texts get the same logits in one batch as each by itself.

    No setting says so: it is tried, with a few tokens of each text where transformers knows the family, and else with
    all of them, since some models are only wrong beyond the length that they look back.
    """
    if has_prompt(model):
        return False
    shortest, longest = min(texts, key=len), max(texts, key=len)
    if is_plain(model):
        shortest, longest = shortest[:4], longest[:8]
    try:
        with torch.inference_mode():
            return _has_same_logits(model, [list(shortest), list(longest)])
    except Exception:  # noqa: BLE001  whatever the error is, this model does not support it
        return False


def _has_same_logits(model: Any, texts: list[list[int]]) -> bool:
    forward = Forward(model)
    (logits, cache), (joining, other) = (forward.read([text], None) for text in texts)
    cache.join(other, most_rows=2)
    logits = torch.cat([logits, joining])
    for _ in range(STEPS):
        tokens = [_logits(model, text) for text in texts]
        for row, expected in enumerate(tokens):
            tolerance = TOLERANCE.get(model.dtype, ROUNDED_TOLERANCE)
            if (logits[row] - expected).abs().max() > tolerance * expected.std():
                return False
            texts[row].append(int(expected.argmax()))
        ids, lengths = torch.tensor([text[-1:] for text in texts]), torch.tensor([len(text) for text in texts])
        logits = forward.step(ids, lengths, cache)
    return True


def _logits(model: Any, text: list[int]) -> torch.Tensor:
    """The logits of the token after a text, without cache and padding."""
    ids = torch.tensor([text], device=model.device)
    logits: torch.Tensor = model(ids, use_cache=False).logits[0, -1].float()
    return logits

"""One forward pass over rows that are aligned on the right: over the beginnings of texts, or one more token of each."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import torch

from models.block_cache import BlockCache

CHUNK = 1024
"""The most tokens of a prompt that are read at once: attention over more of them needs too much memory."""


class Forward:
    """Runs a model on tokens whose beginnings are in a `BlockCache`; to be called in `torch.inference_mode`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.device: torch.device = model.device
        bare = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._parameters = signature(bare.forward).parameters

    def read(self, texts: Sequence[Sequence[int]], prefix: BlockCache | None) -> tuple[torch.Tensor, BlockCache]:
        """Read texts that begin with the text of `prefix`.

        The longest text is read without that beginning, and of each other text as many tokens, its last ones: shorter
        texts read a part of their beginning again, and need no padding between it and the rest.

        Returns:
            The logits of the next token of each text, and the cache of all texts.
        """
        tokens = max(map(len, texts))
        new = tokens - (prefix.length if prefix else 0)
        cache = prefix.begin([len(text) - new for text in texts], new) if prefix else BlockCache()
        ids = torch.tensor([text[-new:] for text in texts])
        lengths = torch.tensor([len(text) for text in texts])
        for start in range(0, new, CHUNK):
            part = ids[:, start : start + CHUNK]
            logits = self.step(part, lengths - new + start + part.shape[1], cache)
        return logits, cache

    def step(self, ids: torch.Tensor, lengths: torch.Tensor, cache: BlockCache) -> torch.Tensor:
        """The logits of the next token of each row.

        Args:
            ids: the next tokens of each row.
            lengths: the length of each row, these tokens included.
            cache: the rows without these tokens.
        """
        slots = cache.length + ids.shape[1]
        settings: dict[str, Any] = {"attention_mask": None, "position_ids": None, "logits_to_keep": 1}
        if int(lengths.min()) < slots:
            settings["attention_mask"] = (torch.arange(slots) >= slots - lengths[:, None]).to(self.device)
        positions = lengths[:, None] + torch.arange(-ids.shape[1], 0)
        settings["position_ids"] = positions.to(self.device)
        settings = {name: value for name, value in settings.items() if name in self._parameters}
        output = self._model(ids.to(self.device), past_key_values=cache, use_cache=True, **settings)
        logits: torch.Tensor = output.logits[:, -1].float()
        return logits

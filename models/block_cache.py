"""A key-value cache that grows in blocks, and whose rows join and leave a batch while it is decoded.

transformers' own caches either copy all keys and values for every token, or have the size of the longest possible text
from the start, all of which attention then reads at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

BLOCK = 128
"""The number of tokens by which it grows."""


class BlockLayer(CacheLayerMixin):  # type: ignore[misc]
    """The keys and values of one layer: the first `rows` rows of two buffers, in the slots from `start` to `end`.

    Rows are aligned on the right: the last slot has the last token of each row. Slots before the first token of a row
    hold zeros or old values; attention has to be told of them by a mask.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows = self.start = self.end = 0
        self._buffers: list[torch.Tensor] = []

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def bytes_per_token(self) -> int:
        """The size of the keys and values of one token of one row."""
        return sum(buffer.shape[1] * buffer.shape[3] * buffer.itemsize for buffer in self._buffers)

    def used(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Views of all keys and of all values."""
        keys, values = (buffer[: self.rows, :, self.start : self.end] for buffer in self._buffers)
        return keys, values

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self._initialize([states[:, :, :0] for states in (key_states, value_states)], key_states.shape[0])

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append the keys and values of new tokens; returns those of all tokens, as views of the buffers."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        new = key_states.shape[2]
        if self.end + new > self._buffers[0].shape[2]:
            self._move(self._buffers[0].shape[0], end=self.length, slots=self.length + new + BLOCK)
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[: self.rows, :, self.end : self.end + new] = states
        self.end += new
        return self.used()

    def fill(self, text: BlockLayer, lengths: Sequence[int], tokens: int, new: int) -> None:
        """Begin with tokens of a text that is the only row of another layer.

        Args:
            text: that other layer.
            lengths: with how many of its first tokens each row begins.
            tokens: the slots that are then used, at least the largest of `lengths`.
            new: the tokens that will be appended.
        """
        buffers = []
        for source in text.used():
            buffer = source.new_empty((len(lengths), source.shape[1], tokens + new, source.shape[3]))
            for row, length in enumerate(lengths):
                buffer[row, :, : tokens - length] = 0  # a masked number may be any number, but must be one
                buffer[row, :, tokens - length : tokens] = source[0, :, :length]
            buffers.append(buffer)
        self._initialize(buffers, len(lengths))
        self.end = tokens

    def join(self, other: BlockLayer, most_rows: int) -> None:
        """Append the rows of another layer; if that needs larger buffers, they get space for `most_rows` rows."""
        rows, length = self.rows + other.rows, max(self.length, other.length)
        if rows > self._buffers[0].shape[0] or length > self.end:
            self._move(max(rows, most_rows), end=length, slots=length + BLOCK)
        start, begins = min(self.start, self.end - other.length), self.end - other.length
        for buffer, states in zip(self._buffers, other.used(), strict=True):
            buffer[: self.rows, :, start : self.start] = 0
            buffer[self.rows : rows, :, start:begins] = 0
            buffer[self.rows : rows, :, begins : self.end] = states
        self.rows, self.start = rows, start

    def remove(self, row: int) -> None:
        """Remove one row; the last row takes its place."""
        self.rows -= 1
        if row < self.rows:
            for buffer in self._buffers:
                buffer[row, :, self.start : self.end] = buffer[self.rows, :, self.start : self.end]

    def trim(self, length: int) -> None:
        """Drop all slots but the last `length`."""
        self.start = max(self.start, self.end - length)

    def get_seq_length(self) -> int:
        return self.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.length + query_length, 0

    def get_max_length(self) -> int:
        return -1

    def _initialize(self, buffers: list[torch.Tensor], rows: int) -> None:
        self._buffers, self.rows = buffers, rows
        self.dtype, self.device, self.is_initialized = buffers[0].dtype, buffers[0].device, True

    def _move(self, rows: int, end: int, slots: int) -> None:
        """Move to buffers of other sizes, where the used slots end at `end`."""
        for place, old in enumerate(self._buffers):
            new = old.new_empty((rows, old.shape[1], slots, old.shape[3]))
            new[: self.rows, :, end - self.length : end] = old[: self.rows, :, self.start : self.end]
            self._buffers[place] = new
        self.start, self.end = end - self.length, end


class BlockCache(Cache):  # type: ignore[misc]
    """A `BlockLayer` for each layer of a model, also for one with a sliding window: the mask leaves out the rest."""

    layers: list[BlockLayer]

    def __init__(self) -> None:
        super().__init__(layer_class_to_replicate=BlockLayer)

    @property
    def rows(self) -> int:
        return self.layers[0].rows if self.layers else 0

    @property
    def length(self) -> int:
        """The number of used slots, the tokens of the longest row."""
        return self.layers[0].length if self.layers else 0

    @property
    def bytes_per_token(self) -> int:
        """The size of the keys and values of one token of one row, over all layers."""
        return sum(layer.bytes_per_token for layer in self.layers)

    def begin(self, lengths: Sequence[int], new: int) -> BlockCache:
        """A cache whose rows begin with so many tokens of the only row of this one, aligned on the right.

        Args:
            lengths: for each row, at most the length of this cache.
            new: the tokens that will be appended to each row.
        """
        cache = BlockCache()
        for layer in self.layers:
            cache.layers.append(BlockLayer())
            cache.layers[-1].fill(layer, lengths, max(lengths), new)
        return cache

    def join(self, other: BlockCache, most_rows: int) -> None:
        """Append the rows of another cache, which must not be used after that."""
        if not self.rows:
            self.layers = other.layers
            return
        for layer, joining in zip(self.layers, other.layers, strict=True):
            layer.join(joining, most_rows)

    def remove(self, row: int) -> None:
        """Remove one row; the last row takes its place."""
        for layer in self.layers:
            layer.remove(row)

    def trim(self, length: int) -> None:
        """Drop all slots but the last `length`."""
        for layer in self.layers:
            layer.trim(length)

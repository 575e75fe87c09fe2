"""The beginnings that the prompts of a group share: rules, examples and the system's message are read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from models.block_cache import BlockCache

from .forward import Forward
from .rows import Row

LEAST = 8
"""A shorter beginning is not worth a pass of its own."""


class Prefixes:
    """The common beginning of the prompts of each group of cases; keys and values are kept of the last one."""

    def __init__(self, rows: Iterable[Row]) -> None:
        groups: dict[str, list[list[int]]] = defaultdict(list)
        for row in rows:
            groups[row.request.case.group].append(row.prompt)
        self._ids = {group: _common(prompts) for group, prompts in groups.items()}
        self._cached: list[int] = []
        self._cache: BlockCache | None = None

    def length(self, row: Row) -> int:
        """The tokens of its prompt that are read once for its group."""
        return len(self._ids[row.request.case.group])

    def are_same(self, row: Row, other: Row) -> bool:
        return self._ids[row.request.case.group] == self._ids[other.request.case.group]

    def cache(self, row: Row, forward: Forward) -> BlockCache | None:
        """The keys and values of the beginning of its prompt; None without a common beginning."""
        ids = self._ids[row.request.case.group]
        if not ids:
            return None
        if self._cache is None or ids != self._cached:
            self.forget()
            self._cache = forward.read([ids], None)[1]
            self._cached = ids
        return self._cache

    def forget(self) -> None:
        """Give the memory of keys and values back."""
        self._cache = None


def _common(prompts: list[list[int]]) -> list[int]:
    """The beginning that these prompts share, without the last token of the shortest; empty if it is short."""
    if len(prompts) == 1:
        return []
    first, last = min(prompts), max(prompts)  # in alphabetical order: what these two share, all share
    same = [one == other for one, other in zip(first, last, strict=False)]
    common = first[: min(same.index(False) if False in same else len(same), *(len(ids) - 1 for ids in prompts))]
    return common if len(common) >= LEAST else []

"""The table of suites. A new suite is one new file with a `Suite`, and one entry in `SUITES`."""

from __future__ import annotations

from functools import cache

from . import labirinto_v1
from .cases import Case, Group, Suite

__all__ = ["DEFAULT", "SUITES", "Case", "Group", "Suite", "find_suite", "group_names", "group_position"]

SUITES: dict[str, Suite] = {suite.name: suite for suite in (labirinto_v1.SUITE,)}
DEFAULT = labirinto_v1.SUITE.name


def find_suite(name: str | None) -> Suite:
    """Return the suite of this name; the default suite for None and for an unknown name."""
    return SUITES.get(name or DEFAULT, SUITES[DEFAULT])


def group_names() -> list[str]:
    """Return the names of the groups of all suites, each once, in the order of the reports."""
    return list(_group_positions(*SUITES.values()))


def group_position(name: str) -> int:
    """Return the position of a group in `group_names`; it is asked for every record. Raises KeyError for no group."""
    return _group_positions(*SUITES.values())[name]


@cache
def _group_positions(*suites: Suite) -> dict[str, int]:
    names = dict.fromkeys(name for suite in suites for name in suite.groups)
    return {name: position for position, name in enumerate(names)}

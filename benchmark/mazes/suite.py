"""The suites that there are. A suite is a value: one new file that makes it, and one entry in `SUITES`."""

from __future__ import annotations

from . import labirinto_v1
from .cases import Case, Group, Suite

__all__ = ["DEFAULT", "SUITES", "Case", "Group", "Suite", "find_suite", "group_names"]

SUITES: dict[str, Suite] = {suite.name: suite for suite in (labirinto_v1.SUITE,)}
DEFAULT = labirinto_v1.SUITE.name


def find_suite(name: str | None) -> Suite:
    """The suite of this name; the default one where there is no name, or none of this name."""
    return SUITES.get(name or DEFAULT, SUITES[DEFAULT])


def group_names() -> list[str]:
    """The groups of all suites, each name once, in the order in which they are reported."""
    return list(dict.fromkeys(name for suite in SUITES.values() for name in suite.groups))

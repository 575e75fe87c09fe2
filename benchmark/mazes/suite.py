"""The table of suites. A new suite is one new file with a `Suite`, and one entry in `SUITES`."""

from __future__ import annotations

from . import labirinto_v1
from .cases import Case, Group, Suite

__all__ = ["DEFAULT", "SUITES", "Case", "Group", "Suite", "find_suite", "group_names"]

SUITES: dict[str, Suite] = {suite.name: suite for suite in (labirinto_v1.SUITE,)}
DEFAULT = labirinto_v1.SUITE.name


def find_suite(name: str | None) -> Suite:
    """Return the suite of this name; the default suite for None and for an unknown name."""
    return SUITES.get(name or DEFAULT, SUITES[DEFAULT])


def group_names() -> list[str]:
    """Return the names of the groups of all suites, each once, in the order of the reports."""
    return list(dict.fromkeys(name for suite in SUITES.values() for name in suite.groups))

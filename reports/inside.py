"""`--mri` and the fixture `activation_diff`: the activations of checkpoints, with models open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from models.checkpoints import Checkpoint
from models.registry import choose, find

from .ending import Ending
from .mri import diff
from .mri.result import Diff
from .render.progress import activations_bar
from .run import Run


def compare_inside(checkpoints: Sequence[Checkpoint], runs: Mapping[str, Run], ending: Ending) -> list[Diff]:
    """A diff of each base and its fine-tunes among these checkpoints; `ending` is told what could not be made."""
    diffs: list[Diff] = []
    pairs = diff.pairs(checkpoints)
    if not pairs:
        ending.notes.append("--mri: none of these checkpoints was made from another one that is known")
    for base, tuned in pairs.values():
        try:
            with ending.attempt("--mri"):
                known = diff.runs_of(runs, [base, *tuned])
                diffs.append(diff.diff(base, tuned, runs=known, progress=activations_bar))
        except KeyboardInterrupt:
            ending.notes.append("--mri: stopped; the scans that were made are kept")
            break
    return diffs


def make_differ(config: pytest.Config) -> Callable[..., Diff]:
    """What the fixture `activation_diff` gives to a test."""
    choices = choose(config.option, config.rootpath)

    def compare(base: str, *tuned: str, **options: Any) -> Diff:
        return diff.diff(find(base, choices), [find(name, choices) for name in tuned], diff.Options(**options))

    return compare

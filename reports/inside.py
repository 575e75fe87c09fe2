"""`--mri`, `python -m reports mri` and the fixture `activation_diff`: they open models, so this is imported late."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from models.checkpoints import Checkpoint
from models.registry import choose, find

from .ending import Ending
from .mri import diff
from .mri.pairs import find_runs
from .mri.result import Diff
from .render import html, json, markdown, save, terminal
from .render.progress import activations_bar
from .run import Run
from .selection import select

Pairs = Mapping[str, tuple[Checkpoint, Sequence[Checkpoint]]]
"""By its name: a base and its fine-tunes."""


def compare_inside(pairs: Pairs, runs: Mapping[str, Run], ending: Ending) -> list[Diff]:
    """Compare each base with its fine-tunes. `ending` records what failed."""
    diffs: list[Diff] = []
    for base, tuned in pairs.values():
        try:
            with ending.attempt("--mri"):
                own_runs = find_runs(runs, [base, *tuned])
                diffs.append(diff.diff(base, tuned, runs=own_runs, progress=activations_bar))
        except KeyboardInterrupt:
            ending.notes.append("--mri: stopped; the scans that were made are kept")
            break
    return diffs


def run_command(options: Namespace, root: Path) -> int:
    """`python -m reports mri`."""
    choices = choose(options, root)
    base, *tuned = (find(name, choices) for name in (options.base, *options.tuned))
    runs = find_runs(select(root).runs, [base, *tuned])
    chosen = diff.Options(options.texts, options.tiers, options.reducer or ["SVD"])
    result = diff.diff(base, tuned, chosen, runs, activations_bar)
    print(terminal.render_diff(result))
    for path, write in (
        (options.html, html.render_diff),
        (options.json, json.render_diff),
        (options.markdown, markdown.render_diff),
    ):
        if path:
            save(write(result), path)
            print(f"wrote {path}")
    return 0


def make_differ(config: pytest.Config) -> Callable[..., Diff]:
    """What the fixture `activation_diff` gives to a test."""
    choices = choose(config.option, config.rootpath)

    def compare(base: str, *tuned: str, **options: Any) -> Diff:
        return diff.diff(find(base, choices), [find(name, choices) for name in tuned], diff.Options(**options))

    return compare

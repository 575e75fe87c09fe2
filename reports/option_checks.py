"""Options that ask for something which the session would never do: told before anything is built or asked."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection
from pathlib import Path

import pytest

from benchmark.mazes.errors import RunError

from . import saved
from .comparison import ALL
from .run import read_provenance
from .verdict import Margins

OF_RUNS = ("save", "compare", "min_accuracy", "update_baseline", "mri", "report")
"""The options that want a run."""


def check_alone(option: Namespace) -> None:
    """Raise UsageError for an option that does nothing without another one."""
    for name in ("fail_on", "show_changes"):
        if getattr(option, name) and not option.compare:
            raise pytest.UsageError(f"{spelled(name)} needs --compare NAME: the saved run to compare with")


def check_selected(option: Namespace, margins: Margins, minimums: Collection[str], selected: Collection[str]) -> None:
    """Raise UsageError where a run, or a group of it, is asked for and no such maze is among the selected groups."""
    wanted = [name for name in OF_RUNS if getattr(option, name)]
    if wanted and not selected:
        raise pytest.UsageError(f"{spelled(wanted[0])}: no test of mazes is selected, so that there will be no run")
    for name, groups in (("fail_on", [group for _, group in margins]), ("min_accuracy", minimums)):
        if missing := sorted({group for group in groups if group not in (ALL, *selected)}):
            raise pytest.UsageError(
                f"{spelled(name)}: no maze of {', '.join(missing)} is selected, so that nothing would be checked; "
                f"selected are {', '.join(selected)}"
            )


def first_runs(option: Namespace, root: Path, checkpoints: Collection[str]) -> list[str]:
    """The checkpoints that have no run yet of the name that this session compares with, and then saves.

    That is the first night of `--save nightly --compare nightly` and of `--update-baseline --compare baseline`.
    """
    name = option.compare
    if not name or not (option.save == name or (name == "baseline" and option.update_baseline)):
        return []
    return [checkpoint for checkpoint in checkpoints if not _is_saved(root, name, checkpoint)]


def _is_saved(root: Path, name: str, checkpoint: str) -> bool:
    for file in saved.files(root):
        try:
            provenance = read_provenance(file)
        except RunError:
            if file == saved.path(root, name, checkpoint):
                return True  # spoilt, and not missing
            continue
        if name in (file.stem, provenance.saved_as) and provenance.checkpoint.name == checkpoint:
            return True
    return False


def spelled(name: str) -> str:
    return f"--{name.replace('_', '-')}"

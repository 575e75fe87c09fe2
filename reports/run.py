"""A run on disk: what one checkpoint did with one suite.

A file of JSON lines. The first is the provenance, with `schema`; each other line is one case, a `Line`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import RunError
from benchmark.mazes.suite import GROUPS

SCHEMA = 2


@dataclass(frozen=True)
class Line:
    """One case of a run."""

    group: str
    """The group of the suite: a tier such as `small`, `unsolvable-small`, a transfer set such as `size-6x6`."""
    case: str
    """The case within its group, such as `wilson-0042`."""
    digest: str
    """The sha256 of the case: its name, its maze, and how it is drawn if that belongs to it."""
    covariates: dict[str, float | None]
    """What makes the maze hard: the fields of `benchmark.mazes.covariates.Covariates`."""
    outcome: str
    """One of `benchmark.mazes.outcomes.OUTCOMES`, of the reply read strictly."""
    lenient: str
    """The same of the reply read leniently."""
    why: str
    """Why no moves could be read, empty where they could."""
    moves: str | None
    """The moves that were walked, null where none could be read."""
    prefix: int
    """The moves before the first illegal one."""
    shortest: int | None
    """The fewest moves that solve the maze, null where it cannot be solved."""
    progress: float
    """The share of the distance from S to G that the valid prefix closed."""
    wall_hits: int
    """Illegal moves, if each leaves the walker where it is."""
    revisits: int
    """Steps of the valid prefix onto a cell where it has been before."""
    extra: int | None
    """Moves more than needed, null where the maze was not solved."""
    tokens: int
    """The length of the reply in tokens of the checkpoint (moves, for an agent)."""
    reply: str
    """The text that the checkpoint gave."""

    @property
    def place(self) -> tuple[int, str]:
        """Where the line stands in a run: by group, then by case."""
        return list(GROUPS).index(self.group), self.case


@dataclass(frozen=True)
class Run:
    """One checkpoint's scores, and where they come from."""

    provenance: dict[str, Any]
    lines: list[Line]


def write(run: Run, path: Path) -> None:
    """Write a run beside `path` and rename it into place. Raises RunError where that cannot be done."""
    rows = [{"schema": SCHEMA, **run.provenance}, *(asdict(line) for line in sorted(run.lines, key=lambda x: x.place))]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise RunError(f"cannot save the run as {path}: {error.strerror}") from error


def read(path: Path) -> Run:
    """The run in a file. Raises RunError, naming file and line, where it is not one."""
    try:
        rows = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read the run {path}: {error}") from error
    if rows[-1] == "":
        rows.pop()
    if not rows:
        raise RunError(f"{path} is empty: a run begins with a line of provenance")
    provenance = _object(path, 1, rows[0])
    if (schema := provenance.pop("schema", None)) != SCHEMA:
        raise RunError(
            f"{path}, line 1: schema {schema!r} where {SCHEMA} was expected: not a run, or one of another version"
        )
    return Run(provenance, [_line(path, number, row) for number, row in enumerate(rows[1:], 2)])


def _object(path: Path, number: int, row: str) -> dict[str, Any]:
    try:
        value = json.loads(row)
    except json.JSONDecodeError as error:
        raise RunError(f"{path}, line {number}: no JSON ({error.msg}); the file was cut or edited") from error
    if not isinstance(value, dict):
        raise RunError(f"{path}, line {number}: a JSON object was expected")
    return value


def _line(path: Path, number: int, row: str) -> Line:
    value, names = _object(path, number, row), {field.name for field in fields(Line)}
    if value.keys() != names:
        wrong = ", ".join(sorted(value.keys() ^ names))
        raise RunError(f"{path}, line {number}: missing or unknown: {wrong}")
    if value["group"] not in GROUPS:
        raise RunError(f"{path}, line {number}: no group {value['group']!r}; there are {', '.join(GROUPS)}")
    return Line(**value)

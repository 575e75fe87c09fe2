"""A run on disk: what one checkpoint did with one suite.

A file of JSON lines. The first is the provenance, with `schema`; each other line is one case, a `Line`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from benchmark.mazes.errors import RunError
from benchmark.mazes.outcomes import OUTCOMES, SOLVED
from benchmark.mazes.suite import GROUPS

SCHEMA = 3
OLDER: dict[int, dict[str, Any]] = {2: {"sample": 0}}
"""Schemas of before that are still read, and what their lines lack."""


_ORDER = {group: place for place, group in enumerate(GROUPS)}
_PARTS = ("checkpoint", "engine", "machine", "packages")


@dataclass(frozen=True)
class Line:
    """One case of a run."""

    group: str
    """The group of the suite: a tier such as `small`, `unsolvable-small`, a transfer set such as `size-6x6`."""
    case: str
    """The case within its group, such as `wilson-0042`."""
    sample: int
    """Which of the replies to this case it is, from 0."""
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
    def place(self) -> tuple[int, str, int]:
        """Where the line stands in a run: by group, then by case and sample."""
        return _ORDER[self.group], self.case, self.sample

    @property
    def spl(self) -> float:
        """Success weighted by path length (Anderson et al. 2018): shortest / moves if solved, else 0."""
        if self.outcome == "unreachable":
            return 1.0
        return self.shortest / (self.shortest + (self.extra or 0)) if self.outcome in SOLVED and self.shortest else 0.0


@dataclass(frozen=True)
class Run:
    """One checkpoint's scores, and where they come from."""

    provenance: dict[str, Any]
    lines: list[Line]


def write(run: Run, path: Path) -> None:
    """Write a run beside `path` and rename it into place. Raises RunError where that cannot be done."""
    rows = [{"schema": SCHEMA, **run.provenance}, *(vars(line) for line in sorted(run.lines, key=lambda x: x.place))]
    try:
        replace_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    except OSError as error:
        raise RunError(f"cannot save the run as {path}: {error.strerror}") from error


def replace_text(path: Path, text: str) -> None:
    """Write a file beside `path` and rename it into place, so that whoever reads it finds it whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def read(path: Path) -> Run:
    """The run in a file. Raises RunError, naming file and line, where it is not one."""
    try:
        rows = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read the run {path}: {error}") from error
    if rows[-1] == "":
        rows.pop()
    schema, provenance = _first(path, rows[0] if rows else "")
    lacking = OLDER.get(schema, {})
    run = Run(provenance, [_line(path, number, row, lacking) for number, row in enumerate(rows[1:], 2)])
    met: set[tuple[int, str, int]] = set()
    for number, line in enumerate(run.lines, 2):
        if line.place in met:
            raise RunError(f"{path}, line {number}: {line.group} {line.case} is there twice; the file was edited")
        met.add(line.place)
    return run


def about(path: Path) -> dict[str, Any]:
    """The provenance of the run in a file, without its lines. Raises RunError as `read`."""
    try:
        with path.open(encoding="utf-8") as opened:
            return _first(path, opened.readline().rstrip("\n"))[1]
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read the run {path}: {error}") from error


def _first(path: Path, row: str) -> tuple[int, dict[str, Any]]:
    """Schema and provenance, as the first line of a file says them."""
    if not row:
        raise RunError(f"{path} is empty: a run begins with a line of provenance")
    provenance = _object(path, 1, row)
    schema = provenance.pop("schema", None)
    if schema != SCHEMA and schema not in OLDER:
        raise RunError(
            f"{path}, line 1: schema {schema!r} where {SCHEMA} was expected: not a run, or one of another version"
        )
    for name in _PARTS:
        if not isinstance(provenance.get(name, {}), dict):
            raise RunError(f"{path}, line 1: {name} is to be a JSON object; the file was edited")
    return schema, provenance


def _object(path: Path, number: int, row: str) -> dict[str, Any]:
    try:
        value = json.loads(row)
    except json.JSONDecodeError as error:
        raise RunError(f"{path}, line {number}: no JSON ({error.msg}); the file was cut or edited") from error
    if not isinstance(value, dict):
        raise RunError(f"{path}, line {number}: a JSON object was expected")
    return value


def _line(path: Path, number: int, row: str, lacking: dict[str, Any]) -> Line:
    value = lacking | _object(path, number, row)
    if value.keys() != _TYPES.keys():
        wrong = ", ".join(sorted(value.keys() ^ _TYPES.keys()))
        raise RunError(f"{path}, line {number}: missing or unknown: {wrong}")
    for name, kind in _TYPES.items():
        if not isinstance(value[name], kind):
            raise RunError(f"{path}, line {number}: {name} cannot be {value[name]!r}; the file was edited")
    for name, known in (("group", GROUPS), ("outcome", OUTCOMES), ("lenient", OUTCOMES)):
        if value[name] not in known:
            raise RunError(f"{path}, line {number}: no {name} {value[name]!r}; there are {', '.join(known)}")
    return Line(**value)


def _kinds(hint: Any) -> Any:
    """What `isinstance` asks for; whole numbers may stand where fractions do."""
    return {float: (int, float)}.get(hint, dict if get_origin(hint) is dict else hint)


_TYPES = {name: _kinds(hint) for name, hint in get_type_hints(Line).items()}

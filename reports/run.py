"""A run on disk: what one checkpoint did with one suite.

A file of JSON lines. The first is the provenance, with `schema`; each other line is one case, a `Line`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.mazes.atomic import create_text, replace_text
from benchmark.mazes.errors import RunError
from benchmark.mazes.outcomes import OUTCOMES, SOLVED
from benchmark.mazes.suite import Suite, find_suite, group_names

from .shape import LINE, PROVENANCE, faults, quoted, tidied

SCHEMA = 3
OLDER: dict[int, dict[str, Any]] = {2: {"sample": 0}}
"""Schemas of before that are still read, and what their lines lack."""


_BOM = b"\xef\xbb\xbf"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # half a character, written as JSON may write it


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
        return group_names().index(self.group), self.case, self.sample

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

    @property
    def suite(self) -> Suite:
        """What was measured."""
        return find_suite(self.provenance.get("suite"))


def write(run: Run, path: Path) -> None:
    """Write a run beside `path` and rename it into place. Raises RunError where that cannot be done."""
    try:
        replace_text(path, _written(run))
    except OSError as error:
        raise RunError(f"cannot save the run as {path}: {error.strerror}") from error


def write_new(run: Run, path: Path) -> bool:
    """Write a run where no file is yet; false where there is one. Of several sessions that try, one succeeds.

    Raises RunError where it cannot be written.
    """
    try:
        create_text(path, _written(run))
    except FileExistsError:
        return False
    except OSError as error:
        raise RunError(f"cannot save the run as {path}: {error.strerror}") from error
    return True


def _written(run: Run) -> str:
    rows = [{"schema": SCHEMA, **run.provenance}, *(vars(line) for line in sorted(run.lines, key=lambda x: x.place))]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read(path: Path) -> Run:
    """The run in a file. Raises RunError, naming file and line, where it is not one."""
    try:
        _refuse_other_than_file(path)
        rows = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RunError(f"cannot read the run {path}: {error.strerror}") from error
    texts = _texts(path, rows)
    schema, provenance = _first(path, *next(texts, (1, "")))
    lacking, suite = OLDER.get(schema, {}), find_suite(provenance.get("suite"))
    lines = []
    met: set[tuple[int, str, int]] = set()
    for number, row in texts:
        line = _line(path, number, row, lacking, suite)
        if line.place in met:
            raise RunError(f"{path}, line {number}: {line.group} {line.case} is there twice; the file was edited")
        met.add(line.place)
        lines.append(line)
    return Run(provenance, lines)


def about(path: Path) -> dict[str, Any]:
    """The provenance of the run in a file, without its lines. Raises RunError as `read`."""
    try:
        _refuse_other_than_file(path)
        with path.open("rb") as opened:
            return _first(path, *next(_texts(path, opened), (1, "")))[1]
    except OSError as error:
        raise RunError(f"cannot read the run {path}: {error.strerror}") from error


def _refuse_other_than_file(path: Path) -> None:
    """Of a pipe nobody may ever write the other end, and a folder is no run."""
    if path.exists() and not path.is_file():
        raise RunError(f"cannot read the run {path}: it is no file")


def _texts(path: Path, rows: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    r"""The rows that are not blank, with their numbers; they end with `\n` alone, whatever a text may hold."""
    for number, row in enumerate(rows, 1):
        try:
            text = (row.removeprefix(_BOM) if number == 1 else row).decode().strip(" \t\r\n")
        except UnicodeDecodeError as error:
            raise RunError(f"cannot read the run {path}, line {number}: it is no UTF-8 ({error.reason})") from error
        if text:
            yield number, text


def _first(path: Path, number: int, row: str) -> tuple[int, dict[str, Any]]:
    """Schema and provenance, as the first line of a file says them."""
    if not row:
        raise RunError(f"{path}, line 1: the file is empty: a run begins with a line of provenance")
    provenance = _object(path, number, row)
    schema = provenance.pop("schema", None)
    if type(schema) is not int or (schema != SCHEMA and schema not in OLDER):
        raise RunError(
            f"{path}, line {number}: schema {quoted(schema)} where {SCHEMA} was expected: not a run, or one of another "
            "version"
        )
    try:
        provenance = tidied(provenance)
    except ValueError as error:
        raise RunError(f"{path}, line {number}: {error}; the file was edited") from error
    for fault in faults(provenance, PROVENANCE):
        raise RunError(f"{path}, line {number}: {fault}; the file was edited")
    return schema, provenance


def _object(path: Path, number: int, row: str) -> dict[str, Any]:
    try:
        value = json.loads(row, object_pairs_hook=_refuse_twice)
    except json.JSONDecodeError as error:
        raise RunError(f"{path}, line {number}: no JSON ({error.msg}); the file was cut or edited") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets in brackets
        raise RunError(f"{path}, line {number}: JSON that cannot be read ({error}); the file was edited") from error
    if not isinstance(value, dict):
        raise RunError(f"{path}, line {number}: a JSON object was expected")
    return value


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is there twice")
    return value


def _line(path: Path, number: int, row: str, lacking: dict[str, Any], suite: Suite) -> Line:
    value = lacking | _object(path, number, row)
    if value.keys() != LINE.fields.keys():
        wrong = sorted(value.keys() ^ LINE.fields.keys())
        listed = ", ".join(name if name.isidentifier() else quoted(name) for name in wrong[:20])
        raise RunError(f"{path}, line {number}: missing or unknown: {listed}")
    for fault in faults(value, LINE):
        raise RunError(f"{path}, line {number}: {fault}; the file was edited")
    for name, known in (("group", suite.groups), ("outcome", OUTCOMES), ("lenient", OUTCOMES)):
        if value[name] not in known:
            raise RunError(f"{path}, line {number}: no {name} {quoted(value[name])}; there are {', '.join(known)}")
    if value["case"] not in _cases(suite, value["group"]):
        raise RunError(f"{path}, line {number}: {value['group']} has no case {quoted(value['case'])}")
    group = suite.groups[value["group"]]
    if (value["shortest"] or 0) >= group.rows * group.cols:
        raise RunError(f"{path}, line {number}: shortest cannot be {value['shortest']}: the maze has fewer cells")
    return Line(**(tidied(value) if _HALF.search(row) else value))


@cache
def _cases(suite: Suite, group: str) -> frozenset[str]:
    return frozenset(case.id for case in suite.cases(group))

"""A run on disk: what one checkpoint did with one suite.

A file of JSON lines. The first is the provenance, with `schema`; each other line is one case, a `Record`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

from benchmark.mazes.atomic import create_text, replace_text
from benchmark.mazes.errors import RunError
from benchmark.mazes.outcomes import OUTCOMES
from benchmark.mazes.printable import encodable
from benchmark.mazes.suite import Suite, find_suite

from .schema import Provenance, Record, parse, quoted

SCHEMA = 3
OLDER: dict[int, dict[str, Any]] = {2: {"sample": 0}}
"""Schemas of before that are still read, and what their lines lack."""


DEPTH = 50
"""How deep JSON may be nested."""

_FIELDS = frozenset(Record.__struct_fields__)
_BOM = b"\xef\xbb\xbf"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # half a character, written as JSON may write it


@dataclass(frozen=True)
class Run:
    """One checkpoint's scores, and where they come from."""

    provenance: dict[str, Any]
    """As it stands in the file, with fields that no version of ours knows."""
    records: list[Record]

    @cached_property
    def metadata(self) -> Provenance:
        """The fields of the provenance that are known."""
        return parse(self.provenance, Provenance)

    @property
    def checkpoint(self) -> str | None:
        """The name of the checkpoint; None where the file does not say."""
        return self.metadata.checkpoint.name

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
    ordered = sorted(run.records, key=lambda record: record.place)
    rows = [{"schema": SCHEMA, **run.provenance}, *map(msgspec.structs.asdict, ordered)]
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
    records = []
    met: set[tuple[int, str, int]] = set()
    for number, row in texts:
        record = _record(path, number, row, lacking, suite)
        if record.place in met:
            raise RunError(f"{path}, line {number}: {record.group} {record.case} is there twice; the file was edited")
        met.add(record.place)
        records.append(record)
    return Run(provenance, records)


def read_provenance(path: Path) -> Provenance:
    """The provenance of the run in a file, without its records. Raises RunError as `read`."""
    try:
        _refuse_other_than_file(path)
        with path.open("rb") as opened:
            _, provenance = _first(path, *next(_texts(path, opened), (1, "")))
            return parse(provenance, Provenance)
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
        provenance = _encodable(provenance)
        parse(provenance, Provenance)
    except ValueError as error:
        raise RunError(f"{path}, line {number}: {error}; the file was edited") from error
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


def _encodable(value: Any, depth: int = 0) -> Any:
    """JSON of which all texts can be written again. Raises ValueError where it is nested too deeply."""
    if depth > DEPTH:
        raise ValueError(f"it is nested more than {DEPTH} deep")
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_encodable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {encodable(key): _encodable(item, depth + 1) for key, item in value.items()}
    return value


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is there twice")
    return value


def _record(path: Path, number: int, row: str, lacking: dict[str, Any], suite: Suite) -> Record:
    value = lacking | _object(path, number, row)
    if value.keys() != _FIELDS:
        wrong = sorted(value.keys() ^ _FIELDS)
        listed = ", ".join(name if name.isidentifier() else quoted(name) for name in wrong[:20])
        raise RunError(f"{path}, line {number}: missing or unknown: {listed}")
    try:
        record = parse(_encodable(value) if _HALF.search(row) else value, Record)
    except ValueError as error:
        raise RunError(f"{path}, line {number}: {error}; the file was edited") from error
    for name, word, choices in (
        ("group", record.group, suite.groups),
        ("outcome", record.outcome, OUTCOMES),
        ("lenient", record.lenient, OUTCOMES),
    ):
        if word not in choices:
            raise RunError(f"{path}, line {number}: no {name} {quoted(word)}; there are {', '.join(choices)}")
    if record.case not in _cases(suite, record.group):
        raise RunError(f"{path}, line {number}: {record.group} has no case {quoted(record.case)}")
    group = suite.groups[record.group]
    if (record.shortest or 0) >= group.rows * group.cols:
        raise RunError(f"{path}, line {number}: shortest cannot be {record.shortest}: the maze has fewer cells")
    return record


@cache
def _cases(suite: Suite, group: str) -> frozenset[str]:
    return frozenset(case.id for case in suite.cases(group))

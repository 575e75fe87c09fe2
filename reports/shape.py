"""The types of what a run file says, of every field that a reader relies on.

They are checked once, where a file is read (`reports.run`), so that tables, comparisons and leaderboards need no checks
of their own. A field that is not listed may be there, and may be any JSON.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmark.mazes.printable import encodable

LARGEST = 2**53
"""The largest whole number that every reader of JSON reads as it was written."""
DEPTH = 50
"""How deep JSON may be nested."""


@dataclass(frozen=True)
class Kind:
    """A type of value."""

    words: str
    """What is expected, for an error."""
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class OrNull:
    """A value that may be null."""

    shape: Shape


@dataclass(frozen=True)
class ListOf:
    """A list whose items have one shape."""

    shape: Shape


@dataclass(frozen=True)
class MapOf:
    """A JSON object with any keys, whose values have one shape."""

    shape: Shape


@dataclass(frozen=True)
class Object:
    """A JSON object; fields may lack, unless all of them are needed, and others may be there."""

    fields: Mapping[str, Shape]
    is_whole: bool = False


Shape = Kind | OrNull | ListOf | MapOf | Object


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -1e100 <= value <= 1e100  # neither NaN nor infinite


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _is_date(value: Any) -> bool:
    try:
        return type(value) is str and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


ANYTHING = Kind("any JSON", lambda _: True)
TEXT = Kind("a text", lambda value: type(value) is str)
FLAG = Kind("true or false", lambda value: type(value) is bool)
COUNT = Kind("a whole number from 0 to 2**53", _is_count)
NUMBER = Kind("a number", _is_number)
AMOUNT = Kind("a number from 0", lambda value: _is_number(value) and 0 <= value <= LARGEST)
SHARE = Kind("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
DATE = Kind("a date and time (ISO 8601)", _is_date)
POINT = Kind(
    "a pair of numbers",  # a loss that was logged may be NaN
    lambda value: (
        type(value) is list
        and len(value) == 2
        and all(_is_number(one) or (type(one) is float and math.isnan(one)) for one in value)
    ),
)

PROVENANCE = Object(
    {
        "checkpoint": Object(
            {
                "name": TEXT,
                "kind": TEXT,
                "content": OrNull(TEXT),
                "weights": OrNull(TEXT),
                "base": OrNull(TEXT),
                "chat_template": OrNull(TEXT),
                "recipe": OrNull(Object({})),
                "curve": OrNull(MapOf(ListOf(POINT))),
                "chain": OrNull(ListOf(OrNull(Object({})))),
            }
        ),
        "suite": TEXT,
        "suite_digest": TEXT,
        "prompt_digest": TEXT,
        "drawing": TEXT,
        "style": TEXT,
        "language": TEXT,
        "shots": COUNT,
        "reasoning": FLAG,
        "glyphs": FLAG,
        "tokenizer": OrNull(Object({"fewest": COUNT, "most": COUNT, "is_aligned": FLAG}, is_whole=True)),
        "engine": Object(
            {
                "engine": TEXT,
                "dtype": OrNull(TEXT),
                "determinism": OrNull(TEXT),
                "sampling": Object({"temperature": AMOUNT, "samples": COUNT}),
                "cached": COUNT,
                "asked": COUNT,
                "tokens": COUNT,
                "seconds": OrNull(AMOUNT),
                "waited": AMOUNT,
                "flips": OrNull(
                    Object(dict.fromkeys(("runs", "replies", "changed", "outcomes_changed"), COUNT), is_whole=True)
                ),
            }
        ),
        "started": DATE,
        "ended": OrNull(DATE),
        "command": ListOf(TEXT),
        "git": OrNull(Object({"commit": TEXT, "dirty": FLAG})),
        "python": TEXT,
        "packages": MapOf(TEXT),
        "machine": Object({"system": TEXT, "processor": TEXT, "cores": OrNull(COUNT), "device": TEXT}),
        "saved_as": OrNull(TEXT),
    }
)
"""The fields of `reports.provenance.Provenance`."""

LINE = Object(
    {
        "group": TEXT,
        "case": TEXT,
        "sample": COUNT,
        "digest": TEXT,
        "covariates": MapOf(OrNull(NUMBER)),
        "outcome": TEXT,
        "lenient": TEXT,
        "why": TEXT,
        "moves": OrNull(Kind("moves (U, D, L, R)", lambda value: type(value) is str and set(value) <= set("UDLR"))),
        "prefix": COUNT,
        "shortest": OrNull(COUNT),
        "progress": SHARE,
        "wall_hits": COUNT,
        "revisits": COUNT,
        "extra": OrNull(COUNT),
        "tokens": COUNT,
        "reply": TEXT,
    }
)
"""The fields of `reports.run.Line`."""


def faults(value: Any, shape: Shape, place: str = "") -> Iterator[str]:
    """What is wrong with a value that was read as JSON, a clause each that begins with its place."""
    if isinstance(shape, OrNull):
        if value is not None:
            yield from faults(value, shape.shape, place)
    elif isinstance(shape, Kind):
        if not shape.holds(value):
            yield f"{place} cannot be {quoted(value)}: it is to be {shape.words}"
    elif isinstance(shape, ListOf):
        if type(value) is not list:
            yield f"{place} is to be a JSON list"
        else:
            for at, one in enumerate(value):
                yield from faults(one, shape.shape, f"{place}[{at}]")
    elif type(value) is not dict:
        yield f"{place} is to be a JSON object"
    elif isinstance(shape, MapOf):
        for key, one in value.items():
            yield from faults(one, shape.shape, _inside(place, key))
    else:
        for key, field in shape.fields.items():
            if key in value:
                yield from faults(value[key], field, _inside(place, key))
            elif shape.is_whole:
                yield f"{_inside(place, key)} is missing"


def _inside(place: str, key: str) -> str:
    name = key if key.isidentifier() and len(key) <= 40 else quoted(key)
    return f"{place}.{name}" if place else name


def tidied(value: Any, depth: int = 0) -> Any:
    """JSON of which all texts can be written again. Raises ValueError where it is nested too deeply."""
    if depth > DEPTH:
        raise ValueError(f"it is nested more than {DEPTH} deep")
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [tidied(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {encodable(key): tidied(one, depth + 1) for key, one in value.items()}
    return value


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60


def quoted(value: Any) -> str:
    """A value for an error: on one line, and cut where it is long."""
    return _short.repr(value)

"""The arguments of sampling that each engine knows: names and values are checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmark.mazes.errors import CheckpointError


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 < value <= 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


_COUNT = (_is_count, "a whole number above 0")
_SHARE = (_is_share, "a number above 0, up to 1")
_PART = (lambda value: _is_share(value) and value < 1, "a number above 0 and below 1")
_POSITIVE = (lambda value: _is_number(value) and value > 0, "a number above 0")
_PENALTY = (lambda value: _is_number(value) and -2 <= value <= 2, "a number from -2 to 2")
_BOTH: dict[str, tuple[Callable[[Any], bool], str]] = {
    "top_k": _COUNT,
    "top_p": _SHARE,
    "min_p": _SHARE,
    "repetition_penalty": _POSITIVE,
}
NAMES: dict[str, dict[str, tuple[Callable[[Any], bool], str]]] = {
    "transformers": _BOTH
    | {"typical_p": _PART, "epsilon_cutoff": _PART, "eta_cutoff": _PART, "no_repeat_ngram_size": _COUNT},
    "vllm": _BOTH | {"presence_penalty": _PENALTY, "frequency_penalty": _PENALTY},
}


def check_arguments(arguments: Mapping[str, Any], engine: str) -> None:
    """Raise CheckpointError for an argument that an engine does not know, or a value that it cannot take.

    An engine without an entry in `NAMES` (a server) checks its arguments itself.
    """
    if (known := NAMES.get(engine)) is None:
        return
    for name, value in arguments.items():
        if name not in known:
            raise CheckpointError(
                f"{engine} has no generation argument {name!r}: it has {', '.join(sorted(known))}"
                + _elsewhere(name, engine)
            )
        is_allowed, expected = known[name]
        if not is_allowed(value):
            raise CheckpointError(f"the generation argument {name} is {value!r}, and has to be {expected}")


def _elsewhere(name: str, engine: str) -> str:
    others = [other for other in NAMES if other != engine and name in NAMES[other]]
    return f" ({' and '.join(others)} has it: --engine {others[0]})" if others else ""

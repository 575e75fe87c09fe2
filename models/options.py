"""The options about checkpoints, declared once for pytest and the command lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option as `argparse.ArgumentParser.add_argument` and `pytest.OptionGroup.addoption` take it."""

    name: str
    settings: Mapping[str, Any]


CHECKPOINT_OPTIONS = (
    Option(
        "--checkpoints",
        {
            "metavar": "FILE",
            "help": "a TOML file that defines your own checkpoint names (default: the table "
            "[tool.labirinto.checkpoints] of pyproject.toml)",
        },
    ),
    Option(
        "--lora",
        {
            "action": "store_true",
            "help": "train LoRA adapters instead of all weights when a recipe builds a checkpoint",
        },
    ),
    Option(
        "--rebuild-base",
        {"action": "store_true", "help": "train `base` here (about an hour) instead of using the shipped one"},
    ),
    Option(
        "--trust-remote-code",
        {"action": "store_true", "help": "allow code that comes with a model to run (default: it is never run)"},
    ),
)
"""The options that `models.registry.choose` reads."""


def add_checkpoint_options(add: Callable[..., object]) -> None:
    """Declare the options; `add` is `add_argument` of a parser or `addoption` of a group."""
    for option in CHECKPOINT_OPTIONS:
        add(option.name, **option.settings)

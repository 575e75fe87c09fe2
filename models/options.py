"""The options about checkpoints and models, declared once for pytest and the command lines."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from .model_options import DTYPES, OPTION_NAMES, ModelOptions, parse_options


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


def integer(text: str, minimum: int) -> int:
    """The value of an option that is an integer. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < minimum:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of {minimum} or more")
    return int(text)


def positive(text: str) -> int:
    return integer(text, minimum=1)


def json_object(example: str) -> Callable[[str], dict[str, Any]]:
    """The type of an option that takes a JSON object; `example` is shown where the text is none."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    def parse(text: str) -> dict[str, Any]:
        try:
            value = json.loads(text, parse_constant=refuse)
            problem = "" if isinstance(value, dict) else f"it is {type(value).__name__} and not an object"
        except (ValueError, RecursionError) as error:
            problem = str(error)
        if problem:
            raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object ({problem}); for example: {example}")
        return dict(value)

    return parse


def stop_text(text: str) -> str:
    r"""The value of `--stop`, with `\n`, `\t` and `\\` as newline, tab and backslash. Raises ArgumentTypeError."""
    if not text:
        raise argparse.ArgumentTypeError("a stop text must not be empty")
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts)


MODEL_OPTIONS = (
    Option(
        "--dtype",
        {
            "choices": DTYPES,
            "default": "auto",
            "help": "the number format in which models run: %(choices)s (default: %(default)s: bfloat16 on a GPU; on a "
            "CPU float32, or bfloat16 if both the CPU and the model's files have it)",
        },
    ),
    Option(
        "--engine-args",
        {
            "type": json_object("""--engine vllm --engine-args '{"tensor_parallel_size": 2}'"""),
            "default": {},
            "metavar": "JSON",
            "help": "arguments of the library that runs the models, for vllm.LLM (tensor_parallel_size, quantization, "
            "gpu_memory_utilization, max_model_len, ...) or for from_pretrained of transformers (device_map, "
            "attn_implementation, ...); needs --engine vllm or --engine transformers",
        },
    ),
    Option(
        "--generation-args",
        {
            "type": json_object("""--generation-args '{"top_p": 0.9}'"""),
            "default": {},
            "metavar": "JSON",
            "help": "arguments of generation besides the temperature: top_p, top_k, repetition_penalty, ...",
        },
    ),
    Option(
        "--max-new-tokens",
        {
            "type": positive,
            "metavar": "N",
            "help": "the token limit of a reply (default: it depends on the size of the maze)",
        },
    ),
    Option(
        "--system-prompt",
        {
            "metavar": "TEXT",
            "help": "the system message of chat prompts instead of the project's; '' leaves the message out",
        },
    ),
    Option(
        "--chat-template-args",
        {
            "type": json_object("""--chat-template-args '{"enable_thinking": false}'"""),
            "default": {},
            "metavar": "JSON",
            "help": """variables of the model's chat template, such as {"enable_thinking": false}""",
        },
    ),
    Option(
        "--thinking-budget",
        {
            "type": positive,
            "metavar": "N",
            "help": "the most tokens of a thought; then it is closed, and the model has to answer",
        },
    ),
    Option(
        "--stop",
        {
            "action": "append",
            "type": stop_text,
            "default": [],
            "metavar": "TEXT",
            "help": r"a text that ends a reply, in which \n is a newline; may be given several times",
        },
    ),
)
"""The options that `read_model_options` reads; each can also be set for one checkpoint in TOML."""


def add_checkpoint_options(add: Callable[..., object]) -> None:
    """Declare the options about checkpoints; `add` is `add_argument` of a parser or `addoption` of a group."""
    for option in CHECKPOINT_OPTIONS:
        add(option.name, **option.settings)


def add_model_options(add: Callable[..., object]) -> None:
    """Declare the options about models; `add` as in `add_checkpoint_options`."""
    for option in MODEL_OPTIONS:
        add(option.name, **option.settings)


def read_model_options(options: Any) -> ModelOptions:
    """The model options of a command line. Raises CheckpointError for reserved arguments."""
    values = {name: getattr(options, name) for name in OPTION_NAMES}
    return parse_options({name: value for name, value in values.items() if value is not None})

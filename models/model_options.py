"""The options that a user may set for all checkpoints (command line) or for one (TOML): loading and generation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from benchmark.mazes.errors import CheckpointError

DTYPES = ("auto", "float32", "bfloat16", "float16")
RESERVED = {
    "generation_args": {
        "temperature": "use --temperature",
        "do_sample": "use --temperature, where 0 is greedy decoding",
        "seed": "each reply has its own seed",
        "max_new_tokens": "use max_new_tokens (--max-new-tokens)",
        "max_tokens": "use max_new_tokens (--max-new-tokens)",
        "max_length": "use max_new_tokens (--max-new-tokens)",
        "stop": "use stop (--stop)",
        "stop_strings": "use stop (--stop)",
        "n": "use --samples",
        "num_return_sequences": "use --samples",
    },
    "engine_args": {
        "dtype": "use dtype (--dtype)",
        "torch_dtype": "use dtype (--dtype)",
        "model": "the checkpoint is the model",
        "trust_remote_code": "use --trust-remote-code",
        "seed": "each reply has its own seed",
    },
    "chat_template_args": {
        "messages": "the prompt is the messages",
        "add_generation_prompt": "it is always true",
        "tokenize": "it is always true",
    },
}
"""Names that tables of arguments must not contain, and what to do instead."""


@dataclass(frozen=True)
class ModelOptions:
    """How a checkpoint is loaded, and what it is asked to generate. A default value is the engine's own."""

    dtype: str = "auto"
    """One of `DTYPES`."""
    engine_args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Arguments of the library that runs the model: of `vllm.LLM`, or of `from_pretrained` of transformers."""
    generation_args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Arguments of the sampling, with their names in transformers and vLLM: top_p, top_k, repetition_penalty, ..."""
    max_new_tokens: int | None = None
    """The token limit of a reply; None: as `models.budget` computes it from the size of the maze."""
    system_prompt: str | None = None
    """A system message that replaces ours; the empty text leaves it out."""
    chat_template_args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Variables of the chat template, such as enable_thinking."""
    thinking_budget: int | None = None
    """The most tokens of a thought; when they are used up, the thought is closed and the answer asked for."""
    stop: tuple[str, ...] = ()
    """Texts that end a reply."""

    def override(self, other: ModelOptions) -> ModelOptions:
        """These options, with all that are set in `other`; tables of arguments are merged, name by name."""
        changed = other.record()
        tables = {name: {**getattr(self, name), **changed[name]} for name in RESERVED.keys() & changed.keys()}
        return replace(self, **changed | tables)

    def record(self) -> dict[str, Any]:
        """The options that are set, by name."""
        return _changed(self, DEFAULTS)


DEFAULTS = ModelOptions()
OPTION_NAMES = tuple(option.name for option in fields(ModelOptions))


def _changed(options: ModelOptions | GenerationOptions, defaults: ModelOptions | GenerationOptions) -> dict[str, Any]:
    """The fields that differ from the defaults, by name."""
    return {
        option.name: value
        for option in fields(options)
        if (value := getattr(options, option.name)) != getattr(defaults, option.name)
    }


def parse_options(settings: Mapping[str, Any]) -> ModelOptions:
    """The options that a table sets. Raises CheckpointError for unknown names, wrong types and reserved arguments."""
    if unknown := sorted(set(settings) - set(OPTION_NAMES)):
        raise CheckpointError(f"there is no option {unknown[0]!r}; the options are {', '.join(OPTION_NAMES)}")
    for name, value in settings.items():
        _check(name, value)
    values: dict[str, Any] = {**settings}
    if "stop" in values:
        values["stop"] = tuple(values["stop"])
    return ModelOptions(**values)


def _check(name: str, value: Any) -> None:
    """Raise CheckpointError if this cannot be the value of the option."""
    if name == "dtype":
        is_valid, expected = value in DTYPES, f"one of {', '.join(DTYPES)}"
    elif name in ("max_new_tokens", "thinking_budget"):
        is_valid = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        expected = "an integer of 1 or more"
    elif name == "system_prompt":
        is_valid, expected = isinstance(value, str), "a string"
    elif name == "stop":
        is_valid = isinstance(value, list | tuple) and all(isinstance(text, str) and text for text in value)
        expected = "a list of strings that are not empty"
    else:
        is_valid, expected = isinstance(value, Mapping), "a table of arguments"
    if not is_valid:
        raise CheckpointError(f"{name} cannot be {value!r}: use {expected}")
    if name in RESERVED:
        _check_arguments(name, value)


def _check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    for argument, instead in RESERVED[name].items():
        if argument in arguments:
            raise CheckpointError(f"{name} must not contain {argument}: {instead}")
    try:
        json.dumps(arguments, allow_nan=False)  # it is a part of cache keys and saved runs
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{name} has a value that JSON does not have ({error})") from error


@dataclass(frozen=True)
class GenerationOptions:
    """When a reply ends and how its tokens are chosen, besides temperature and seed: a part of each request."""

    max_new_tokens: int | None = None
    """As in `ModelOptions`."""
    stop: tuple[str, ...] = ()
    """Texts that end a reply; they are no part of it."""
    prefix: str = ""
    """How the reply begins, where the prompt has written its beginning: it is a part of the text of the reply."""
    ends_with_answer: bool = False
    """Whether a reply ends with the line of its answer."""
    ends_loops: bool = False
    """Whether a greedy reply ends that repeats itself, see `models.stopping`."""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """`generation_args` of `ModelOptions`."""
    chat_template_args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """As in `ModelOptions`."""
    thinking_budget: int | None = None
    """As in `ModelOptions`."""

    def cache_key(self) -> dict[str, Any]:
        """The options that are set: replies that were stored before an option existed are still found."""
        return _changed(self, PLAIN)


PLAIN = GenerationOptions()
"""A reply ends where the model ends it, or at the token limit."""

"""The options that a user may set for all checkpoints (command line) or for one (TOML): loading and generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

DTYPES = ("auto", "float32", "bfloat16", "float16")


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
        """These options, with all that are set in `other`."""
        return replace(self, **other.record())

    def record(self) -> dict[str, Any]:
        """The options that are set, by name."""
        return {
            option.name: value
            for option in fields(self)
            if (value := getattr(self, option.name)) != getattr(DEFAULTS, option.name)
        }


DEFAULTS = ModelOptions()


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
        return {
            option.name: value
            for option in fields(self)
            if (value := getattr(self, option.name)) != getattr(PLAIN, option.name)
        }


PLAIN = GenerationOptions()
"""A reply ends where the model ends it, or at the token limit."""

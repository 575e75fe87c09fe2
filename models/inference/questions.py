"""All that one checkpoint is asked in a session, and the replies as far as they have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from benchmark.mazes.errors import EngineError, LabirintoError
from benchmark.mazes.prompt import Message, PromptOptions, ending, prompt
from benchmark.mazes.question import question
from benchmark.mazes.suite import Case
from models.checkpoints import Checkpoint
from models.model_options import GenerationOptions
from models.requests import Reply, Request

from .options import DEFAULTS, InferenceOptions

Place = tuple[str, str, int]
"""Group, case and sample: what tells a request from the others to a checkpoint."""


@dataclass
class Questions:
    """The cases of one checkpoint, in the order in which they were planned."""

    checkpoint: Checkpoint
    prompt_options: PromptOptions
    options: InferenceOptions
    cases: list[Case] = field(default_factory=list)
    engine: str = ""
    """The name of the engine that is asked; empty until it is chosen."""
    is_looked_up: bool = False
    """Whether the cache was searched; not before the checkpoint is built, as its content is a part of the keys."""
    keys: dict[Place, bytes] = field(default_factory=dict)
    """What each reply is cached under; nothing where replies are not cached."""
    replies: dict[Place, Reply | EngineError] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    """What a saved run says of how it was asked."""
    is_asked: bool = False
    failure: LabirintoError | None = None
    """What keeps the checkpoint from being asked, or has ended the asking."""

    @property
    def samples(self) -> int:
        """Replies to each question: an agent gives the same each time."""
        return 1 if self.checkpoint.is_agent else self.options.samples

    @cached_property
    def generation(self) -> GenerationOptions:
        """When replies end and how their tokens are chosen, the same for all requests."""
        return choose_generation(self.checkpoint, self.prompt_options, self.options.early_stop)

    @cached_property
    def requests(self) -> list[Request]:
        return [self._request(case, sample) for case in self.cases for sample in range(self.samples)]

    @property
    def missing(self) -> list[Request]:
        """The requests without a reply."""
        return [request for request in self.requests if request.place not in self.replies]

    def replies_to(self, case: Case) -> list[Reply | EngineError | None]:
        """The reply of each sample; None where there is none."""
        return [self.replies.get((case.group, case.id, sample)) for sample in range(self.samples)]

    def describe_options(self) -> dict[str, Any]:
        """The entry of a saved run about the options that are set, by name; none if all have their defaults."""
        options = self.checkpoint.options.record()
        if self.options.early_stop != DEFAULTS.early_stop and not self.checkpoint.is_agent:
            options["early_stop"] = self.options.early_stop
        return {"options": options} if options else {}

    def set_keys(self, keys: Sequence[bytes]) -> None:
        """`keys` are those of all requests, or none where replies are not cached."""
        places = [request.place for request in self.requests]
        self.keys = dict(zip(places, keys, strict=True)) if keys else {}

    def add_cached(self, cached: Mapping[bytes, Reply]) -> None:
        self.replies.update((place, cached[key]) for place, key in self.keys.items() if key in cached)

    def _request(self, case: Case, sample: int) -> Request:
        temperature = 0.0 if self.checkpoint.is_agent else self.options.temperature
        text = _write_prompt(case, self.prompt_options)
        return Request(case, text, self.prompt_options.reasoning, sample, temperature, self.generation)


def choose_generation(checkpoint: Checkpoint, prompt_options: PromptOptions, early_stop: str) -> GenerationOptions:
    """What the user has set, and where replies end early (see `InferenceOptions.early_stop`).

    The nano family has learned to end its replies: nothing is added to what the user has set.
    """
    options, written = checkpoint.options, ending(prompt_options)
    chosen = GenerationOptions(
        max_new_tokens=options.max_new_tokens,
        stop=options.stop,
        prefix=written.prefix,
        arguments=options.generation_args,
        chat_template_args=options.chat_template_args,
        thinking_budget=options.thinking_budget,
    )
    if checkpoint.is_agent or checkpoint.answer_format == "search" or early_stop == "off":
        return chosen
    return replace(
        chosen,
        stop=(*options.stop, *written.stop),
        ends_with_answer=not prompt_options.reasoning,
        ends_loops=early_stop == "all",
    )


@cache
def _write_prompt(case: Case, options: PromptOptions) -> str | list[Message]:
    """The question of a case, the same for all checkpoints that are asked so."""
    case_options, glyphs = question(case, options)
    return prompt(case.maze, case_options, glyphs)

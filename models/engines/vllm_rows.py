"""One reply in the process of vLLM, and what that process has to know to end it early."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.model_options import GenerationOptions
from models.requests import Request
from models.stopping import ReplyWatch

Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class Watched:
    """What `ReplyWatch` reads of a request."""

    generation: GenerationOptions
    temperature: float
    loop_tokens: int


def describe_watch(request: Request) -> dict[str, Any] | None:
    """The fields of `Watched`, for JSON; None if only the model or the limit ends the reply."""
    options = request.generation
    if not (options.stop or options.ends_with_answer or (options.ends_loops and not request.temperature)):
        return None
    return {
        "generation": options.cache_key(),
        "temperature": request.temperature,
        "loop_tokens": request.loop_tokens,
    }


class Row:
    """A reply that is being generated."""

    def __init__(self, place: int, prompt: list[int], watch: dict[str, Any] | None) -> None:
        self.prompt = prompt
        self._place = place
        self._watched = watch
        self._watch: ReplyWatch | None = None
        self._ids: list[int] = []
        self._stop_ids: frozenset[int] = frozenset()
        self._is_truncated = False

    @property
    def is_watched(self) -> bool:
        return self._watched is not None

    def start(self, stop_ids: Sequence[int], decode: Decode | None) -> None:
        self._stop_ids = frozenset(stop_ids)
        if self._watched and decode:
            generation = GenerationOptions(**self._watched["generation"])
            watched = Watched(generation, self._watched["temperature"], self._watched["loop_tokens"])
            self._watch = ReplyWatch(watched, decode)

    def add(self, ids: Sequence[int], is_finished: bool) -> bool:
        """Append tokens; returns whether the reply is over. Those behind its end are dropped."""
        if self._watch is None:
            self._ids.extend(ids)
            return is_finished
        for token in ids:
            if token in self._stop_ids or self._watch.add(token):
                return True
        self._is_truncated = is_finished
        return is_finished

    def message(self) -> dict[str, Any]:
        """The reply as the message of the process."""
        if self._watch is None:
            return {"at": self._place, "ids": self._ids}
        return {"at": self._place, **asdict(self._watch.reply(self._is_truncated))}

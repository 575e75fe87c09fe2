"""One reply in the process of vLLM, and what that process has to know to end it early."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.model_options import GenerationOptions
from models.stopping import ReplyWatch, WatchedRequest
from models.thinking import ThinkingBudget

Decode = Callable[[Sequence[int]], str]
Encode = Callable[[str], list[int]]


@dataclass(frozen=True)
class Watched:
    """What `ReplyWatch` reads of a request."""

    generation: GenerationOptions
    temperature: float
    loop_tokens: int


def describe_watch(request: WatchedRequest) -> dict[str, Any] | None:
    """The fields of `Watched`, for JSON; None if only the model or the limit ends the reply."""
    options = request.generation
    ends_loops = options.ends_loops and not request.temperature
    if not (options.stop or options.ends_with_answer or ends_loops or options.thinking_budget is not None):
        return None
    return {
        "generation": options.cache_key(),
        "temperature": request.temperature,
        "loop_tokens": request.loop_tokens,
    }


class Row:
    """A reply that is being generated."""

    def __init__(self, place: int, request: dict[str, Any], stop_ids: Sequence[int]) -> None:
        """`request` is one of the message of `vllm_process`."""
        self.sampling: dict[str, Any] = request["sampling"]
        self.is_interrupted = False
        """Whether it has to go on in another way than the model would: from `prompt`, with `left` tokens."""
        self._place, self._prompt = place, request["ids"]
        self._limit: int = self.sampling["max_tokens"]
        self._stop_ids = frozenset(stop_ids)
        self._watched: dict[str, Any] | None = request["watch"]
        self._watch: ReplyWatch | None = None
        self._budget: ThinkingBudget | None = None
        self._ids: list[int] = []
        self._is_truncated = False

    @property
    def is_watched(self) -> bool:
        return self._watched is not None

    @property
    def prompt(self) -> list[int]:
        """The tokens that vLLM has to continue."""
        return [*self._prompt, *self._ids]

    @property
    def left(self) -> int:
        """The most tokens that may still be generated."""
        return self._limit - len(self._ids)

    def watch(self, decode: Decode, encode: Encode) -> None:
        """Read the tokens with this tokenizer as they are generated."""
        if self._watched is None:
            return
        generation = GenerationOptions(**self._watched["generation"])
        self._watch = ReplyWatch(
            Watched(generation, self._watched["temperature"], self._watched["loop_tokens"]), decode
        )
        self._ids = self._watch.ids
        if generation.thinking_budget is not None:
            self._budget = ThinkingBudget(generation, decode, encode)

    def add(self, ids: Sequence[int], is_finished: bool) -> bool:
        """Append tokens; returns whether the reply is over. Those behind its end are dropped."""
        self.is_interrupted = False
        if self._watch is None:
            self._ids.extend(ids)
            return is_finished
        for token in ids:
            if token in self._stop_ids or self._append(token):
                return True
            if self._budget and (closing := self._budget.closing(self._ids)):
                self.is_interrupted = True
                return any(self._append(forced) for forced in closing)
        self._is_truncated = is_finished
        return is_finished

    def message(self) -> dict[str, Any]:
        """The reply as the message of the process."""
        if self._watch is None:
            return {"at": self._place, "ids": self._ids}
        return {"at": self._place, **asdict(self._watch.reply(self._is_truncated))}

    def _append(self, token: int) -> bool:
        """Append one token to a reply that is watched; returns whether it is over."""
        assert self._watch is not None
        if self._watch.add(token):
            return True
        self._is_truncated = self.left <= 0
        return self._is_truncated

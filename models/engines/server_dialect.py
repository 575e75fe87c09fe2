"""How a server wants to be asked: what it refuses is asked another way, and remembered.

Temperature, seed and stop texts are left out where a server refuses them, and the saved run says so. Other arguments of
the sampling, and those of the chat template, are not: without them something else would be measured, and the refusal is
an error.

The patterns are those of the messages of OpenAI, vLLM, llama.cpp, LiteLLM, SGLang, TGI, Anthropic, DeepSeek and Groq.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from models.requests import Request

from . import server_options
from .server_errors import RequestError

NAME_TOKENS = 7  # of a cell's name, for a tokenizer that is not known: " (10,10)" takes most models 5 to 7
LEAST = 16  # tokens that are asked for where what is left of a context is only guessed

_NUMBER = r"`?(\d[\d,]*)"
_CONTEXT = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"context (?:length|window|size|limit) (?:is|of)(?: only)? \(?{_NUMBER}",
        rf"context (?:length|window|size) \({_NUMBER}",
        rf"{_NUMBER} maximum context length",
        rf"tokens \+ `?max_new_tokens`? must be <= {_NUMBER}",
        rf"exceed context limit: \d+ \+ \d+ > {_NUMBER}",
        rf"prompt is too long: \d+ tokens > {_NUMBER}",
        rf"tokens exceed the configured limit of {_NUMBER}",
    )
]
_PROMPT = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NUMBER} (?:tokens )?(?:in|from|of) (?:the |your )?(?:text )?(?:input )?(?:messages|prompt|input)",
        rf"(?:request has|prompt contains|messages resulted in)(?: at least)? {_NUMBER}(?: input)? tokens",
        rf"given: {_NUMBER} `?inputs",
        rf"(?:input|input length|request|requested tokens) \({_NUMBER}(?: tokens)?\)",
        rf"prompt is too long: {_NUMBER}",
        rf"context limit: {_NUMBER} \+",
        rf"keep the first {_NUMBER} tokens",
    )
]
_MOST = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"at most {_NUMBER} completion tokens",
        rf"max_(?:completion_|new_)?tokens[`']?(?: value)? must be (?:<=|less than or equal to|at most) {_NUMBER}",
        rf"valid range of max_tokens is \[\d+, ?{_NUMBER}\]",
        rf"max_tokens: \d+ > {_NUMBER}",
    )
]
_ALONE = re.compile(r"even without any output tokens|characters \(more than|exceed_context_size", re.IGNORECASE)
_GUESSED = re.compile(r"at least|about", re.IGNORECASE)
_UNSUPPORTED = (
    r"not support|n't support|unsupported|deprecated|not permitted|not allowed|unrecognized|unknown|unexpected|"
    r"must be strictly|only the default|only temperature"
)
_NAMES = {
    "temperature": r"\btemperature\b",
    "seed": r"\bseed\b",
    "stop": r"(?:['`\"]stop['`\"]|\.stop:)",  # a word of other messages too: here in quotes, or as a field
}
_REFUSED = {
    name: re.compile(rf"(?:{_UNSUPPORTED}).{{0,80}}{written}|{written}.{{0,80}}(?:{_UNSUPPORTED})", re.IGNORECASE)
    for name, written in _NAMES.items()
}
_INSTEAD = {"stop": "cut off here"}
"""What is done where a setting is refused, if the reply is the same without it."""


@dataclass(frozen=True)
class Dialect:
    """What is known of how a server wants to be asked."""

    limit: str = "max_tokens"
    """The name of the setting for the longest reply."""
    dropped: frozenset[str] = frozenset()
    """The settings that it refuses."""
    most: int | None = None
    """The longest reply that it gives, in tokens."""
    context: int | None = None
    """The tokens that prompt and reply may have together."""
    density: float = 0.0
    """The most tokens for each character of a prompt that were seen."""

    def tokens(self, request: Request) -> int:
        """The room for a reply: that of every model, or what is left in a context that is too short for it.

        The tokenizer is the server's: how long a prompt is in tokens is estimated from its characters, with the density
        that other replies have shown, taken at its greatest so that the estimate is rather too long than too short.
        """
        limit = self._most(request)
        if self.context and self.density:
            limit = min(limit, max(LEAST, self.context - math.ceil(self.density * characters(request))))
        return limit

    def left(self, request: Request, prompt_tokens: int | None) -> int:
        """The room for a reply in a context that is too short, where the length of the prompt is told; else 0."""
        return min(self._most(request), self.context - prompt_tokens) if self.context and prompt_tokens else 0

    def _most(self, request: Request) -> int:
        limit = request.token_limit(NAME_TOKENS)
        return min(limit, self.most) if self.most else limit

    def body(self, model: str, request: Request, tokens: int) -> dict[str, Any]:
        """The request as this server wants it."""
        settings: dict[str, Any] = {"temperature": request.temperature}
        if request.temperature:
            settings["seed"] = request.seed % 2**31  # servers know seeds of 32 bits
        settings |= server_options.fields(request)
        settings = {name: value for name, value in settings.items() if name not in self.dropped}
        if isinstance(request.prompt, str):
            return {"model": model, "prompt": request.prompt, "max_tokens": tokens, **settings}
        return {"model": model, "messages": request.prompt, self.limit: tokens, **settings}

    def describe(self) -> dict[str, Any]:
        """What a saved run says of it; nothing of a server that was asked as every other."""
        return {
            **({"limit": self.limit} if self.limit != "max_tokens" else {}),
            **{name: _INSTEAD.get(name, "the server's own") for name in sorted(self.dropped)},
            **({"most_tokens": self.most} if self.most else {}),
            **({"context": self.context} if self.context else {}),
        }


@dataclass(frozen=True)
class Change:
    """What a refusal says: how this request is to be asked, and what is to be remembered if it helps."""

    learned: dict[str, Any]
    tokens: int
    """The room for this reply; 0 where the prompt alone fills the context."""
    is_guess: bool = False
    """Whether more may be left: the server did not say how long the prompt is."""


def adapt(dialect: Dialect, body: dict[str, Any], request: Request, failure: RequestError) -> Change | None:
    """Another way to ask after a refusal; None where the words of the server give none."""
    tokens: int = body[dialect.limit] if dialect.limit in body else body["max_tokens"]
    fields, words = failure.fields, failure.words
    if change := _shorter(request, failure, tokens):
        return change
    for pattern in _MOST:
        if (match := pattern.search(words)) and 0 < (most := _int(match[1])) < tokens:
            return Change({"most": most}, most)
    wants_other = "max_completion_tokens" in words or fields.get("code") == "unsupported_parameter"
    if "max_tokens" in body and "messages" in body and _names(failure, "max_tokens") and wants_other:
        return Change({"limit": "max_completion_tokens"}, tokens)
    for name, pattern in _REFUSED.items():
        if name in body and (fields.get("param") == name or pattern.search(words)):
            return Change({"dropped": dialect.dropped | {name}}, tokens)
    return None


def measured(dialect: Dialect, request: Request, prompt_tokens: int | None) -> dict[str, Any]:
    """What a reply says about the length of prompts, where that matters."""
    if not dialect.context or not prompt_tokens:
        return {}
    return {"density": max(dialect.density, prompt_tokens / characters(request))}


def characters(request: Request) -> int:
    """The length of a prompt in characters."""
    if isinstance(request.prompt, str):
        return max(1, len(request.prompt))
    return max(1, sum(len(message["content"]) for message in request.prompt))


def learn(dialect: Dialect, learned: dict[str, Any]) -> Dialect:
    """The dialect with what was learned; of what several requests have learned at once nothing is lost."""
    merged = dict(learned)
    if "dropped" in merged:
        merged["dropped"] = dialect.dropped | merged["dropped"]
    if "density" in merged:
        merged["density"] = max(dialect.density, merged["density"])
    return replace(dialect, **merged)


def _shorter(request: Request, failure: RequestError, tokens: int) -> Change | None:
    """What is left in a context that is too short; None where the refusal is about something else.

    Most servers tell the context and the length of the prompt, and what is left is a subtraction. Where one tells the
    context alone, or only a bound ("at least", "about"), or figures that would leave enough for what it has just
    refused, the room is halved as often as it refuses.
    """
    fields, words = failure.fields, failure.words
    context = _first(_CONTEXT, words) or _whole(fields.get("n_ctx"))
    if not context:
        return None
    prompt = _first(_PROMPT, words) or _whole(fields.get("n_prompt_tokens"))
    if _ALONE.search(words + str(fields.get("type"))) or (prompt and prompt >= context):
        return Change({}, 0)
    if prompt is None:
        return Change({"context": context}, tokens // 2, is_guess=True) if tokens > 1 else None
    left = context - prompt
    if _GUESSED.search(words) or left >= tokens:
        return Change({"context": context}, min(left, tokens // 2), is_guess=True) if tokens > 1 else None
    return Change({"context": context, "density": prompt / characters(request)}, left)


def _names(failure: RequestError, setting: str) -> bool:
    return failure.fields.get("param") == setting or bool(re.search(rf"\b{setting}\b", failure.words))


def _first(patterns: list[re.Pattern[str]], words: str) -> int | None:
    return next((_int(match[1]) for pattern in patterns if (match := pattern.search(words))), None)


def _int(digits: str) -> int:
    return int(digits.replace(",", "")[:9])


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else None

"""What a server sent becomes a reply, or the reason why it is none."""

from __future__ import annotations

import re
from typing import Any

import httpx

from benchmark.mazes.printable import encodable
from models.requests import Reply, Request
from models.secrets import mask
from models.stopping import end_reply

from .server_errors import Kind, RequestError, excerpt, in_reply, parsed

_CUT = {"length", "max_tokens", "max_output_tokens", "model_length", "max_length"}
"""What servers give for the reason where a reply was cut off."""
_BROKEN = {"abort", "aborted", "cancelled", "error"}
_MOST_TOKENS = 2**20  # no reply is longer, whatever a server counts
_MARK = re.compile(r"<(?=/?think)", re.IGNORECASE)


def to_reply(response: httpx.Response, request: Request) -> tuple[Reply, int | None]:
    """The reply in what came, and the tokens of the prompt where they are told. Raises RequestError.

    It is cut where an engine that runs the model here would have ended it; the tokens are those of the whole reply.
    """
    whole = parsed(response.content)
    if not isinstance(whole, dict):
        raise RequestError(f"what came is no reply in JSON: {_shown(response)}", Kind.REPLY)
    if failure := in_reply(whole, response.status_code):
        raise failure
    choices = whole.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise RequestError(f"the reply holds no choice: {_shown(response)}", Kind.REPLY)
    why = str(choice.get("finish_reason"))
    if failure := in_reply(choice, response.status_code):
        raise failure
    if why in _BROKEN:
        raise RequestError(f"the server broke the reply off ({why}): {_shown(response)}", Kind.PASSING)
    text = mask(encodable(_text(choice, response)))
    usage = whole.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    tokens = _count(usage.get("completion_tokens")) or len(text.split())
    ended = end_reply(text, request)
    is_whole = ended == request.generation.prefix + text
    return Reply(ended, tokens, truncated=is_whole and why in _CUT), _count(usage.get("prompt_tokens"))


def _text(choice: dict[str, Any], response: httpx.Response) -> str:
    """The content, with what was thought in front of it."""
    message = choice.get("message")
    if isinstance(message, dict):
        thought = message.get("reasoning_content") or message.get("reasoning")
        content = message.get("content")
        if content is None:
            content = message.get("refusal")
    elif "text" in choice:
        thought, content = choice.get("reasoning_content") or choice.get("reasoning"), choice["text"]
    else:
        raise RequestError(f"the reply holds no text: {_shown(response)}", Kind.REPLY)
    if isinstance(content, list):
        content = "".join(map(_part, content))
    if not isinstance(content, str | None):
        raise RequestError(f"the reply is {type(content).__name__} and no text: {_shown(response)}", Kind.REPLY)
    content = content or ""
    if isinstance(thought, str) and thought.strip() and thought not in content:
        return f"{_thought(thought)}{content}"
    return content


def _part(part: Any) -> str:
    """One of the parts that some servers send a content in."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    if "thinking" in part:
        inner = part["thinking"]
        return _thought("".join(map(_part, inner)) if isinstance(inner, list) else str(inner))
    return part["text"] if isinstance(part.get("text"), str) else ""


def _thought(text: str) -> str:
    """A thought as those who read the reply know it. It is closed even where it was cut off: no part is an answer."""
    return f"<think>\n{_MARK.sub('< ', text)}\n</think>\n"


def _count(value: Any) -> int | None:
    """A number of tokens, if it can be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_TOKENS:
        return None
    return int(value) if value == int(value) else None


def _shown(response: httpx.Response) -> str:
    kind = response.headers.get("content-type", "")
    words = excerpt(response.content) or "nothing"
    return words if "json" in kind or not kind else f"{kind}: {words}"

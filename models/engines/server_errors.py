"""What can go wrong with one request to a server, in the server's own words."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any

import httpx

from models.secrets import mask

LONGEST = 2000  # characters of a server's words
_MARKUP = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>")
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|billing|credit balance", re.IGNORECASE)


class Kind(Enum):
    """What a failure says about the requests after it."""

    UNREACHABLE = "nobody there"
    """No connection: the same for every request."""
    REFUSED = "refused"
    """The server refuses the key, the model or the address: most likely the same for every request."""
    PASSING = "passing"
    """It may pass: the same request is sent again after a while."""
    REQUEST = "request"
    """About this request: its size, its settings, its content."""
    REPLY = "reply"
    """What came is no reply."""


@dataclass(eq=False)
class RequestError(Exception):
    """One request without a reply."""

    words: str
    """What the server said, or what happened; in one line, and without keys."""
    kind: Kind
    pause: float | None = None
    """The seconds that the server asks to wait."""
    fields: dict[str, Any] = field(default_factory=dict)
    """The error object of the server."""
    status: int = 0
    """The status of HTTP that it came with."""

    def __post_init__(self) -> None:
        self.words = one_line(self.words)
        super().__init__(self.words)


def one_line(text: str) -> str:
    """Text of a server in one short line. Keys are masked first, so that none is cut in two."""
    return " ".join(mask(text[: 2**16]).split())[:LONGEST]


def unreachable(error: Exception, silence: float) -> RequestError:
    """The failure of a connection, by the exception of httpx behind it."""
    words = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return RequestError("no connection came about in time", Kind.UNREACHABLE)
    if isinstance(error, httpx.TimeoutException):
        return RequestError(f"no byte came for {silence:g} s", Kind.PASSING)
    if isinstance(error, httpx.ConnectError):
        kind = Kind.REFUSED if "SSL" in words or "certificate" in words else Kind.UNREACHABLE
        return RequestError(words, kind)
    if isinstance(error, httpx.TransportError):
        return RequestError(words, Kind.PASSING)
    return RequestError(words, Kind.REPLY)


def refused(status: int, body: bytes, headers: httpx.Headers, pause: float | None) -> RequestError:
    """The failure of a reply that has a status of an error."""
    value = parsed(body)
    fields = error_object(value) or {}
    words = said(value, body) or _phrase(status)
    told = f"HTTP {status}: {words}"
    if 300 <= status < 400:
        told = f"HTTP {status}: the address has moved to {headers.get('location', 'nowhere')}"
    return RequestError(told, _kind(status, str(fields) + words), pause, fields, status)


def in_reply(value: Any, status: int) -> RequestError | None:
    """The failure of a reply that has an error object for its content."""
    fields = error_object(value)
    if fields is None:
        return None
    code = str(fields.get("code", ""))
    kind = _kind(int(code), str(fields)) if re.fullmatch(r"[45]\d\d", code) else Kind.REPLY
    return RequestError(f"HTTP {status} with an error in it: {said(value, b'') or fields}", kind, None, fields, status)


def parsed(body: bytes) -> Any:
    """The JSON of a body; None where it is no JSON."""
    try:
        return json.loads(body.decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def error_object(value: Any) -> dict[str, Any] | None:
    """The error object in what a server sent, by the customs of OpenAI, vLLM, FastAPI, Gemini and Ollama."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict) and error:
        return error
    if isinstance(error, str) and error:
        return {"message": error}
    if value.get("object") == "error" or ("detail" in value and "choices" not in value):
        return value
    return None


def said(value: Any, body: bytes) -> str:
    """The words in what a server sent: the message of its error object, or its text without markup."""
    fields = error_object(value)
    if fields is None and isinstance(value, dict) and isinstance(value.get("message"), str):
        fields = value
    if fields is not None:
        for name in ("message", "detail", "error", "title", "reason", "code", "type"):
            if words := _text(fields.get(name)):
                return words
    return excerpt(body)


def excerpt(body: bytes) -> str:
    """The beginning of a body, in words."""
    text = body[: 2**16].decode("utf-8", "replace")
    if re.match(r"\s*<(!doctype|html|head|body|\?xml)", text, re.IGNORECASE):
        text = html.unescape(_MARKUP.sub(" ", text))
    return one_line(text)


def _text(value: Any) -> str:
    """A message, or the messages of a list of complaints, as FastAPI sends it."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_text, value)))
    if isinstance(value, dict):
        where = ".".join(map(str, value["loc"])) if isinstance(value.get("loc"), list) else ""
        return ": ".join(filter(None, [where, _text(value.get("msg") or value.get("message"))]))
    return str(value) if isinstance(value, str | int) and value else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no known status, and no words with it"


def _kind(status: int, words: str) -> Kind:
    if status == 402 or (status == 429 and _QUOTA.search(words)):
        return Kind.REFUSED  # waiting pays no bill
    if status in (408, 409, 425, 429) or status >= 500:
        return Kind.PASSING
    if status in (400, 413, 414, 422, 431, 451):
        return Kind.REQUEST
    return Kind.REFUSED

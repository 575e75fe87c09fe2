"""Masks keys in text that is printed or stored: a server may return the key that it received."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

VARIABLES = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "HF_TOKEN")
"""The environment variables whose values are secrets."""
MASK = "***"
_PART = 8  # the length of the parts of a key that are searched for
_SHORTEST = _PART  # a shorter key may be a common word; it is masked after "Bearer" only
_VARIED = 4  # the smallest number of different characters of a key: "############" is a wall of a maze
_PLACEHOLDERS = {"lm-studio", "not-needed", "no-key-needed", "sk-no-key-required", "placeholder", "anything"}


def mask(text: str) -> str:
    """The text without the keys of the environment, plain or encoded, whole or in part.

    A placeholder (`none`, `EMPTY`) is masked after `Bearer` only, since it may be a common word.
    """
    for variable in VARIABLES:
        if key := os.environ.get(variable, "").strip():
            text = _without(text, key)
    return text


def _without(text: str, key: str) -> str:
    if len(key) < _SHORTEST or len(set(key)) < _VARIED or key.lower() in _PLACEHOLDERS:
        return re.sub(rf"(?i)(bearer[\s\"':=]+){re.escape(key)}(?!\w)", rf"\g<1>{MASK}", text)
    lower = text.lower()
    if len(lower) != len(text):  # a few letters are longer in lower case
        lower = text
    hidden = sorted(
        _grown(lower, place, form, at) for form, at in _parts(key) for place in _places(lower, form[at : at + _PART])
    )
    return _covered(text, hidden) if hidden else text


@lru_cache
def _parts(key: str) -> list[tuple[str, int]]:
    """The parts to search for: encoded forms of the key, and the positions of their parts of _PART characters.

    The parts are adjacent, so that any piece of a key of twice that length contains one of them.
    """
    forms = {form.lower() for form in _forms(key)}
    places = [(form, at) for form in forms for at in {*range(0, len(form) - _PART + 1, _PART), len(form) - _PART}]
    return [(form, at) for form, at in places if len(set(form[at : at + _PART])) >= _VARIED]


def _forms(key: str) -> set[str]:
    raw = key.encode("utf-8", "surrogatepass")
    # within other bytes a key begins at one of three places of base64; the characters that depend on neighbours are cut
    encoded = [base64.b64encode(b"\0" * lead + raw).decode()[(0, 2, 3)[lead] :].rstrip("=") for lead in range(3)]
    encoded = [form[:-1] for form in encoded]
    escaped = json.dumps(key)[1:-1]
    return {
        key,
        quote(key, safe=""),
        quote_plus(key),
        html.escape(key),
        escaped,
        escaped.replace("/", r"\/"),
        "".join(f"\\u{ord(letter):04x}" for letter in key),
        raw.hex(),
        *encoded,
        *(form.replace("+", "-").replace("/", "_") for form in encoded),
    }


def _places(text: str, part: str) -> list[int]:
    places, at = [], text.find(part)
    while at >= 0:
        places.append(at)
        at = text.find(part, at + 1)
    return places


def _grown(text: str, place: int, form: str, at: int) -> tuple[int, int]:
    """Extend a match of _PART characters in both directions, as far as text and form agree. Returns start and end."""
    start, end, last = place, place + _PART, at + _PART
    while start and at and text[start - 1] == form[at - 1]:
        start, at = start - 1, at - 1
    while end < len(text) and last < len(form) and text[end] == form[last]:
        end, last = end + 1, last + 1
    return start, end


def _covered(text: str, hidden: list[tuple[int, int]]) -> str:
    """The text with each group of overlapping or adjacent ranges replaced by one mask."""
    pieces, end = [], -1
    for start, stop in hidden:
        if start > end:
            pieces += [text[max(end, 0) : start], MASK]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])

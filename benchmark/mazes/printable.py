"""Makes text from outside safe for terminals, files and databases."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Return the text with U+FFFD in place of lone surrogates, which JSON allows but UTF-8 cannot encode."""
    return _SURROGATE.sub("\ufffd", text)


def printable(text: str) -> str:
    r"""Return the text for a terminal: `encodable`, and with control characters written as `\x1b` or `\u202e`.

    Newlines and tabs stay. The other control characters could move the cursor, or change colours or text direction.
    """
    return _CONTROL.sub(_escape, encodable(text))


def one_line(text: str) -> str:
    r"""Like `printable`, for table cells, headings and labels: newlines and tabs are written as `\n` and `\t`."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

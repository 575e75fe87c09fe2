"""Text from outside, made fit for a terminal, a file and a database."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text with U+FFFD in place of lone surrogates, which JSON allows and UTF-8 cannot encode."""
    return _SURROGATE.sub("\ufffd", text)


def printable(text: str) -> str:
    r"""The text as a terminal may show it: `encodable`, and control characters written as `\x1b` or `\u202e`.

    Newlines and tabs stay. What is replaced could move the cursor, change colours or the order of the letters.
    """
    return _CONTROL.sub(_escape, encodable(text))


def one_line(text: str) -> str:
    r"""`printable` for a cell of a table, a heading or a label: newlines and tabs are written as `\n` and `\t`."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

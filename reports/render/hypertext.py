"""Text from outside in a page."""

from __future__ import annotations

import html

from benchmark.mazes.printable import printable


def escape(text: str) -> str:
    """A text in which nothing is a tag, and no character is for the control of a terminal."""
    return html.escape(printable(text))

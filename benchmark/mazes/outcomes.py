"""The outcomes of a reply, and which of them count as solved."""

OUTCOMES = {
    "optimal": "every move legal, the last one onto G, in the fewest moves",
    "solved": "every move legal, the last one onto G, in more moves than needed",
    "unreachable": "the answer is that no path leads to G, and none does",
    "false-unreachable": "the answer is that no path leads to G, but one does",
    "wall": "a move through a wall",
    "outside": "a move out of the maze",
    "short": "every move legal, G never reached",
    "overshot": "every move legal, G reached and left again",
    "unreadable": "a reply without an answer that could be read",
    "truncated": "a reply that was cut off before its answer was whole",
    "looping": "a reply that was cut off because it repeated itself, before its answer was whole",
    "empty": "no text",
    "error": "no reply: the engine failed, the case is unscored",
}
CUT_OFF = ("truncated", "looping")
"""The outcomes of replies that were cut off before their answer was whole."""
SOLVED = ("optimal", "solved", "unreachable")
"""The outcomes that count as solved."""
OPTIMAL = ("optimal", "unreachable")
"""The outcomes that count as solved in the fewest moves."""

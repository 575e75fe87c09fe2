"""What can come of a case: the outcomes, and which of them are right."""

OUTCOMES = {
    "optimal": "every move legal, the last one onto G, in the fewest moves",
    "solved": "every move legal, the last one onto G, in more moves than needed",
    "unreachable": "said that no way leads to G, and none does",
    "false-unreachable": "said that no way leads to G, and one does",
    "wall": "a move through a wall",
    "outside": "a move out of the maze",
    "short": "every move legal, G never reached",
    "overshot": "every move legal, G reached and left again",
    "unreadable": "a reply without an answer that could be read",
    "truncated": "a reply that was cut off before its answer was whole",
    "empty": "no text at all",
    "error": "no reply: the engine failed, the case is unscored",
}
SOLVED = ("optimal", "solved", "unreachable")
"""The outcomes that are right."""
OPTIMAL = ("optimal", "unreachable")
"""Those of them that could not be better."""

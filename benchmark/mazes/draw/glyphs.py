"""Random characters for walls, floor, S and G, so that a model cannot rely on the usual meaning of `#`.

As in reasoning-gym, whose mazes have four random printable characters each.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import MazeError
from ..seeds import seeds

# without the punctuation of prose and the characters of answers
_CHOICE = "".join(
    char for char in map(chr, range(33, 127)) if char not in "\"'`\\<>()[],.:;-_*|^vV8246UDLRNSEWudlrnsew"
)


@dataclass(frozen=True)
class Glyphs:
    """The characters for a wall, an open place, S and G. Raises MazeError unless they are four different ones."""

    wall: str = "#"
    floor: str = " "
    start: str = "S"
    goal: str = "G"

    def __post_init__(self) -> None:
        if sorted(map(len, self.all)) != [1] * 4 or len(set(self.all)) != 4:
            raise MazeError(f"glyphs must be four different characters, not {' '.join(map(repr, self.all))}")

    @property
    def all(self) -> tuple[str, str, str, str]:
        return self.wall, self.floor, self.start, self.goal

    @classmethod
    def random(cls, name: str) -> Glyphs:
        """Return four random characters, always the same ones for a name."""
        order = seeds(f"glyphs/{name}", len(_CHOICE)).argsort(kind="stable")
        return cls(*(_CHOICE[index] for index in order[:4]))

    def put(self, lines: list[str], step: int) -> list[str]:
        """Replace the usual characters by these, at every `step`-th character of a line."""
        return _translate(lines, step, Glyphs().all, self.all)

    def take(self, lines: list[str], step: int) -> list[str]:
        """Replace these characters by the usual ones. Raises MazeError for any other character."""
        for number, line in enumerate(lines, 1):
            for column, char in enumerate(line, 1):
                if char not in self.all and not (step > 1 and char == " "):
                    expected = " ".join(self.all)
                    raise MazeError(f"line {number}, column {column}: expected one of {expected}, found {char!r}")
        return _translate(lines, step, self.all, Glyphs().all)


def _translate(lines: list[str], step: int, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    table = str.maketrans("".join(old), "".join(new))
    return [
        "".join(char if column % step else char.translate(table) for column, char in enumerate(line)) for line in lines
    ]

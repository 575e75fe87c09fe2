"""Random characters for the walls, the floor, S and G of a drawing, so that nothing can lean on what `#` looks like.

The idea is reasoning-gym's, whose mazes have four random printable characters each.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import MazeError
from ..seeds import seeds

# neither the characters of prose nor those that an answer may be made of
_CHOICE = "".join(
    char for char in map(chr, range(33, 127)) if char not in "\"'`\\<>()[],.:;-_*|^vV8246UDLRNSEWudlrnsew"
)


@dataclass(frozen=True)
class Glyphs:
    """What stands for a wall, for an open place, for S and for G: four different characters."""

    wall: str = "#"
    floor: str = " "
    start: str = "S"
    goal: str = "G"

    def __post_init__(self) -> None:
        if sorted(map(len, self.all)) != [1] * 4 or len(set(self.all)) != 4:
            raise MazeError(f"glyphs are four different characters, not {' '.join(map(repr, self.all))}")

    @property
    def all(self) -> tuple[str, str, str, str]:
        return self.wall, self.floor, self.start, self.goal

    @classmethod
    def random(cls, name: str) -> Glyphs:
        """Four characters that belong to a name."""
        order = seeds(f"glyphs/{name}", len(_CHOICE)).argsort(kind="stable")
        return cls(*(_CHOICE[at] for at in order[:4]))

    def put(self, lines: list[str], step: int) -> list[str]:
        """The lines with these characters in place of the usual ones, at every `step`-th character of a line."""
        return _translate(lines, step, Glyphs().all, self.all)

    def take(self, lines: list[str], step: int) -> list[str]:
        """The lines with the usual characters in place of these. Raises MazeError for any other character."""
        for number, line in enumerate(lines, 1):
            for column, char in enumerate(line, 1):
                if char not in self.all and not (step > 1 and char == " "):
                    expected = " ".join(self.all)
                    raise MazeError(f"line {number}, column {column}: {char!r} where one of {expected} was expected")
        return _translate(lines, step, self.all, Glyphs().all)


def _translate(lines: list[str], step: int, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    table = str.maketrans("".join(old), "".join(new))
    return ["".join(char if at % step else char.translate(table) for at, char in enumerate(line)) for line in lines]

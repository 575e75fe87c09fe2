"""walls: the name, the walls and the content of each cell, one line for each row, as AlphaMaze writes it.

<|0-0|><|up_left_wall|><|origin|><|0-1|><|up_down_wall|><|blank|><|0-2|><|up_right_wall|><|blank|>
<|1-0|><|down_left_right_wall|><|blank|><|1-1|><|up_down_left_wall|><|blank|><|1-2|><|down_right_wall|><|target|>

The walls are named in the order up, down, left, right; a cell without any has `<|no_wall|>`.
"""

from __future__ import annotations

import re

import numpy as np

from ..errors import MazeError
from ..maze import Cell, Walls
from .legend import Legend
from .tokens import Tokens

_SIDES = ("up", "down", "left", "right")  # bit 0 to 3 of a mask
_NAMES = ["_".join(side for bit, side in enumerate(_SIDES) if mask >> bit & 1) or "no" for mask in range(16)]
_HOLDS = {"S": "origin", "G": "target"}
_CELL = re.compile(r"<\|(\d{1,3})-(\d{1,3})\|><\|([a-z_]+)_wall\|><\|(blank|origin|target)\|>")


def write(walls: Walls, marks: dict[Cell, str]) -> list[str]:
    return [
        "".join(
            f"<|{row}-{col}|><|{_NAMES[mask]}_wall|><|{_HOLDS.get(marks.get((row, col), ''), 'blank')}|>"
            for col, mask in enumerate(masks)
        )
        for row, masks in enumerate(walls.tolist())
    ]


def read(lines: list[str]) -> tuple[Walls, dict[str, Cell]]:
    masks: list[list[int]] = []
    marks: dict[str, Cell] = {}
    for row, line in enumerate(lines):
        masks.append([])
        at = 0
        while at < len(line):
            col, place = len(masks[row]), f"line {row + 1}, column {at + 1}"
            match = _CELL.match(line, at)
            if match is None or match[3] not in _NAMES or (int(match[1]), int(match[2])) != (row, col):
                raise MazeError(
                    f"{place}: expected a cell such as '<|{row}-{col}|><|up_left_wall|><|blank|>', "
                    f"found {line[at : at + 24]!r}"
                )
            masks[row].append(_NAMES.index(match[3]))
            for letter, name in _HOLDS.items():
                if match[4] == name:
                    if letter in marks:
                        raise MazeError(f"{place}: a second {name}; the first is at {marks[letter]}")
                    marks[letter] = (row, col)
            at = match.end()
        if len(masks[row]) != len(masks[0]):
            raise MazeError(f"line {row + 1}: expected {len(masks[0])} cells, found {len(masks[row])}")
    return np.array(masks, np.uint8), marks


LEGENDS = {
    "en": Legend(
        "Each cell is given as <|row-column|>, its walls and what it holds; S is the origin and G the target.",
        "A move is only possible through a side whose wall is not named.",
    ),
    "pt": Legend(
        "Cada célula é dada como <|linha-coluna|>, suas paredes (up: em cima, down: embaixo, left: à esquerda, "
        "right: à direita) e o que contém; S é origin e G é target.",
        "Um movimento só é possível por um lado cuja parede não é citada.",
    ),
}

DRAWING = Tokens(write, read, LEGENDS)

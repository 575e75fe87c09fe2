"""A generator and a drawing are one module and one entry in a table: here they come from outside."""

import importlib
import itertools
import json

import pytest

from benchmark.mazes.__main__ import main
from benchmark.mazes.agents import solution
from benchmark.mazes.answer import read as read_answer
from benchmark.mazes.answer import write
from benchmark.mazes.draw import DRAWINGS, draw, draw_path, read
from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import GENERATORS, batch, generate
from benchmark.mazes.maze import check_walls
from benchmark.mazes.prompt import LANGUAGES, PROMPT_STYLES, PromptOptions, prompt
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path

GENERATOR = '''
"""comb: rows that are open from end to end, joined at one of the two ends."""

from benchmark.mazes.generate import Generator
from benchmark.mazes.maze import ALL, DOWN, LEFT, RIGHT, UP


def carve(walls, seeds, share):
    walls[:] = ALL
    walls[:, :, :-1] &= ALL ^ RIGHT
    walls[:, :, 1:] &= ALL ^ LEFT
    for maze, seed in zip(walls, seeds, strict=True):
        for row in range(len(maze) - 1):
            end = -(int(seed) >> row & 1)
            maze[row, end] &= ALL ^ DOWN
            maze[row + 1, end] &= ALL ^ UP


GENERATOR = Generator(carve)
'''
DRAWING = '''
"""hatched: `block` with % for #."""

from dataclasses import replace

from benchmark.mazes.draw import Legend, block

DRAWING = replace(
    block.DRAWING,
    lines=lambda walls: [line.replace("#", "%") for line in block.DRAWING.lines(walls)],
    legends={
        "en": Legend("% is a wall.", "One move is two characters."),
        "pt": Legend("% é parede.", "Um movimento são dois caracteres."),
    },
    glyph_step=0,
)
'''
numbers = itertools.count()


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Makes a module of a text."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(text):
        name = f"extension_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return load


@pytest.fixture
def comb(load, monkeypatch):
    monkeypatch.setitem(GENERATORS, "comb", load(GENERATOR).GENERATOR)


@pytest.fixture
def hatched(load, monkeypatch):
    monkeypatch.setitem(DRAWINGS, "hatched", load(DRAWING).DRAWING)


@pytest.mark.usefixtures("comb")
def test_a_generator_makes_mazes(capsys):
    layouts = batch("comb", 4, 6, range(8))
    assert len({layout.tobytes() for layout in layouts}) == 8
    for layout in layouts:
        check_walls(layout)
    maze = generate("comb", 4, 6, 3, at_least=6)
    assert score(maze, solution(maze)).outcome == "optimal"
    assert main(["draw", "--generator", "comb", "--size", "4x6", "--seed", "3", "--solution"]) == 0
    assert "comb 4x6, seed 3" in capsys.readouterr().out


@pytest.mark.usefixtures("comb", "hatched")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prompt_style", PROMPT_STYLES)
def test_a_drawing_is_written_read_asked_and_scored(language, prompt_style):
    maze = generate("comb", 3, 4, 1, at_least=4)
    text = draw(maze, "hatched")
    assert read(text, "hatched") == maze
    assert "#" not in text
    asked = json.dumps(prompt(maze, PromptOptions("hatched", prompt_style, language)), ensure_ascii=False)
    assert json.dumps(text)[1:-1] in asked
    legend = DRAWINGS["hatched"].legends[language]
    assert legend.symbols in asked
    assert (legend.steps in asked) == (prompt_style == "chat")
    moves = shortest_path(maze)
    for reply in (write(solution(maze)), "answer:\n" + draw_path(maze, moves, "hatched")):
        answer = read_answer(reply, maze, "hatched").strict
        assert answer.moves == moves
        assert score(maze, answer).outcome == "optimal"


def test_a_drawing_without_a_legend_in_a_language_is_asked_in_the_others_alone(load, monkeypatch):
    only_english = DRAWING.replace('"pt": Legend("% é parede.", "Um movimento são dois caracteres."),', "")
    monkeypatch.setitem(DRAWINGS, "hatched", load(only_english).DRAWING)
    assert PromptOptions("hatched", language="en").drawing == "hatched"
    with pytest.raises(MazeError, match="the drawing hatched has no legend in pt; it has en"):
        PromptOptions("hatched", language="pt")
    with pytest.raises(MazeError, match="hatched takes no glyphs; block and spaced do"):
        PromptOptions("hatched", glyphs=True)


@pytest.mark.usefixtures("hatched")
def test_the_command_line_offers_it(capsys):
    assert main(["draw", "--drawing", "hatched", "--size", "4"]) == 0
    assert "%%%%%%%%%" in capsys.readouterr().out

import re
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from benchmark.mazes.answer import read
from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.prompt.en import QUESTION
from benchmark.mazes.score import score
from benchmark.mazes.split import reserved
from models.recipes import RECIPES, texts

from ..mazes.strategies import graph, mazes


def cells(text):
    return [(int(row), int(col)) for row, col in re.findall(r"\((\d+),(\d+)\)", text)]


@given(mazes.filter(lambda maze: maze.rows * maze.cols > 5))
def test_every_statement_is_true(maze):
    drawing, statements = texts.document(maze, np.random.default_rng(0), paths=4, marked=True)
    ways = graph(DRAWINGS["compact"].read(drawing.splitlines())[0])
    for line in statements.splitlines():
        kind, named = line.split()[0], cells(line)
        if kind in "SG":
            assert named == [{"S": maze.start, "G": maze.goal}[kind]]
        elif kind == "around":
            centre, reached_by = named[0], {named[0]: None}
            for group in line.split(":")[1].rstrip(";").split(";"):
                cell, *new = cells(group)
                assert set(new) == set(ways[cell]) - set(reached_by)
                assert len(group.split()[1].strip("-")) == 4 - ways.degree[cell]
                reached_by.update(dict.fromkeys(new, cell))
            assert reached_by.keys() == nx.node_connected_component(ways, centre)
            lengths = [nx.shortest_path_length(ways, centre, cell) for cell in reached_by]
            assert lengths == sorted(lengths)
        else:
            start, goal, *passed = named
            assert passed[0] == start
            assert passed[-1] == goal
            assert all(ways.has_edge(*step) for step in pairwise(passed))
            assert len(passed) == nx.shortest_path_length(ways, start, goal) + 1
            assert (start, goal) != (maze.start, maze.goal)


@pytest.mark.parametrize("style", texts.STYLES)
@given(maze=mazes)
def test_the_taught_reply_is_optimal(style, maze):
    asked, reply = texts.question(maze, style)
    assert score(maze, read(texts.said(reply), maze).strict).outcome == "optimal"
    assert isinstance(asked, list) == isinstance(reply, list) == (style == "chat")


def _layouts_of_base():
    recipe = RECIPES["base"]
    for first, _ in recipe.sizes:
        for step in range(first, first + 30):
            for drawing, _ in recipe.documents(step):
                yield DRAWINGS["compact"].read(drawing.splitlines())[0]


def _layouts_of_sft():
    for number, example in enumerate(RECIPES["sft"].data()):
        if number == 2000:
            return
        drawing = example["prompt"].split("\n", 1)[1].rsplit("\n", 2)[0]
        yield DRAWINGS["compact"].read(drawing.splitlines())[0]


@pytest.mark.parametrize("layouts", [_layouts_of_base, _layouts_of_sft])
def test_no_layout_of_the_suite_is_in_the_training_data(layouts):
    """Read back from the very text that the models are trained on."""
    seen = 0
    for walls in layouts():
        assert not reserved(walls[None])[0]
        seen += 1
    assert seen > 500


def test_the_base_never_meets_the_question():
    recipe = RECIPES["base"]
    sentences = [part for part in re.split(r"[{}\n]", QUESTION) if len(part) > 12]
    assert len(sentences) >= 2
    for step in [*range(10), recipe.steps - 1]:
        for drawing, statements in recipe.documents(step):
            assert "answer" not in statements
            assert not any(sentence in drawing + statements for sentence in sentences)


def test_the_example_of_the_docstring_is_a_document():
    example = texts.__doc__.split("true of it:\n\n")[1].split("\n\n")[0]
    *drawing, _, _, around, leads = [line.removeprefix("    ") for line in example.splitlines()]
    walls, marks = DRAWINGS["compact"].read(drawing)
    assert example.count(f"S {texts.name(marks['S'])}") == example.count(f"G {texts.name(marks['G'])}") == 1
    assert around.removesuffix(" ...") in f"around (1,1):{texts.spread(walls, texts.search(walls, (1, 1)))}"
    assert cells(leads)[2:] == nx.shortest_path(graph(walls), (1, 3), (1, 1))

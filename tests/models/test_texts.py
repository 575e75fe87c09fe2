import re
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from benchmark.mazes import training
from benchmark.mazes.answer import read
from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.prompt.en import QUESTION
from benchmark.mazes.score import score
from benchmark.mazes.split import reserved
from models.data import formats, search
from models.nano import documents
from models.nano.curriculum import documents_at
from models.recipes import RECIPES

from ..mazes.strategies import graph, mazes


def cells(text):
    return [(int(row), int(col)) for row, col in re.findall(r"\((\d+),(\d+)\)", text)]


def told(document):
    return "".join(text for text, _ in document.pieces)


def drawn(document):
    return DRAWINGS["compact"].read(document.drawing.splitlines())


@pytest.mark.parametrize("kind", documents.KINDS)
@given(maze=mazes.filter(lambda maze: maze.rows * maze.cols > 6))
def test_every_statement_is_true(kind, maze):
    document = documents.build_document(kind, maze, np.random.default_rng(0))
    walls, marks = drawn(document)
    assert marks == {"S": maze.start, "G": maze.goal}
    ways = graph(walls)
    lines = told(document).splitlines()
    first = {"letters": ["S", "G"], "looks": ["S", "G", "sides"], "ways": ["S", "G", "around", "S", "G"]}[kind]
    assert [line.split()[0] for line in lines if not line.startswith("from")] == first
    for line in lines:
        word, named = line.split()[0], cells(line)
        if word in "SG":
            assert named == [marks[word]]
        elif word == "sides":
            assert sorted(named) == sorted(ways)
            for cell, sides in zip(named, line.split()[2::2], strict=True):
                assert sides == search.wall_letters(walls, cell)
                assert len(sides.strip("-")) == 4 - ways.degree[cell]
        elif word == "around":
            centre, reached_by, queue = named[0], {named[0]: None}, [named[0]]
            for number, group in enumerate(line.split(":")[1].rstrip(";").split(";")):
                before, listed = re.match(r"(.*?\)) [-UDLR]+(.*)", group).groups()
                cell = cells(before)[-1]
                assert cells(before)[:-1] == queue[number - 1 : number]
                assert queue[number] == cell
                walled, beside = group.split()[len(cells(before))], cells(re.sub(r"\+ \(.*?\)", "", listed))
                assert set(beside) == set(ways[cell])
                assert len(walled.strip("-")) == 4 - ways.degree[cell]
                assert beside[:1] == [reached_by[cell]] or number == 0
                new = dict(map(cells, re.findall(r"\S+\+ [^+;]*?\)", listed)))
                assert set(new) == set(beside) - set(reached_by)
                for other in new:
                    assert queue[-1] == new[other]
                    queue.append(other)
                    reached_by[other] = cell
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


def test_what_is_random_is_not_to_be_learned():
    maze = next(training.stream("test", 5, 5))
    learned = "".join(
        text
        for text, is_learned in documents.build_document("looks", maze, np.random.default_rng(0)).pieces
        if is_learned
    )
    assert len(cells(learned)) == 2  # S and G, and no name of the cells in random order


def test_a_title_moves_half_of_the_drawings():
    maze, random = next(training.stream("test", 5, 5)), np.random.default_rng(0)
    titles = [documents.build_document("letters", maze, random).title for _ in range(200)]
    assert 60 < titles.count("") < 140
    assert {len(title) for title in titles} == {0, 2, 3, 4, 5}


@pytest.mark.parametrize("style", formats.PROMPT_STYLES)
@given(maze=mazes)
def test_the_taught_reply_is_optimal(style, maze):
    asked, reply = formats.build_example(maze, style)
    assert score(maze, read(formats.reply_text(reply), maze).strict).outcome == "optimal"
    assert isinstance(asked, list) == isinstance(reply, list) == (style == "chat")


def _layouts_of_base():
    recipe = RECIPES["base"]
    for first in {*(first for first, *_ in recipe.stages), *recipe.taught_from_step.values()}:
        for step in range(first, first + 30):
            for document in documents_at(recipe, step):
                yield drawn(document)[0]


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
    for step in [*range(10), recipe.max_steps - 1]:
        for document in documents_at(recipe, step):
            assert "answer" not in told(document)
            assert not any(sentence in document.title + document.drawing + told(document) for sentence in sentences)


def test_the_example_of_the_docstring_is_a_document():
    example = documents.__doc__.split("without meaning:\n\n")[1].split("\n\n")[0]
    _, *drawing, _, _, around, leads, _, _ = [line.removeprefix("    ") for line in example.splitlines()]
    walls, marks = DRAWINGS["compact"].read(drawing)
    assert (
        example.count(f"S {search.write_cell(marks['S'])}") == example.count(f"G {search.write_cell(marks['G'])}") == 2
    )
    assert around.removesuffix(" ...") in f"around (1,1):{search.write_search(walls, search.search(walls, (1, 1)))}"
    assert cells(leads)[2:] == nx.shortest_path(graph(walls), (1, 3), (1, 1))

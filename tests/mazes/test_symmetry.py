import numpy as np
from hypothesis import given

from benchmark.mazes.generate import batch
from benchmark.mazes.solve import shortest_path
from benchmark.mazes.symmetry import canonical, images, layout_digest, symmetries

from .strategies import graph, mazes


def _edges(walls):
    return frozenset(frozenset(edge) for edge in graph(walls).edges)


def _images(walls):
    """The eight images worked out on coordinates, not on bit masks."""
    rows, cols = walls.shape
    moves = [
        lambda r, c: (r, c), lambda r, c: (r, cols - 1 - c), lambda r, c: (rows - 1 - r, c),
        lambda r, c: (rows - 1 - r, cols - 1 - c), lambda r, c: (c, r), lambda r, c: (cols - 1 - c, r),
        lambda r, c: (c, rows - 1 - r), lambda r, c: (cols - 1 - c, rows - 1 - r),
    ]  # fmt: skip
    return {frozenset(frozenset(move(*cell) for cell in edge) for edge in _edges(walls)) for move in moves}


@given(mazes)
def test_the_eight_images_are_those_of_the_coordinates(maze):
    assert {_edges(image) for image in symmetries(maze.walls)} == _images(maze.walls)


@given(mazes)
def test_all_images_have_one_canonical_form(maze):
    assert {canonical(image) for image in symmetries(maze.walls)} == {canonical(maze.walls)}


def test_layouts_that_are_no_images_of_each_other_differ():
    layouts = batch("wilson", 3, 3, range(300))
    by_form = {}
    for walls in layouts:
        by_form.setdefault(canonical(walls), []).append(_edges(walls))
    for walls in layouts:
        assert set(by_form[canonical(walls)]) <= _images(walls)


def test_shape_counts():
    tall, wide = np.full((2, 8), 15, np.uint8), np.full((4, 4), 15, np.uint8)
    assert layout_digest(tall) != layout_digest(wide)
    assert layout_digest(tall) == layout_digest(tall.T.copy())


@given(mazes)
def test_the_ends_of_a_maze_are_turned_with_it(maze):
    for image, walls in zip(images(maze), symmetries(maze.walls), strict=True):
        assert np.array_equal(image.walls, walls)
        assert len(shortest_path(image)) == len(shortest_path(maze))

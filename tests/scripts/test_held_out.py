from itertools import islice

import pytest

from benchmark.mazes.generate import GENERATORS
from benchmark.mazes.split import reserved
from scripts.held_out import main, mazes


@pytest.mark.parametrize("generator", GENERATORS)
def test_no_layout_was_ever_trained_on_and_none_comes_twice(generator):
    found = list(islice(mazes(generator, 5), 200))
    assert all(reserved(maze.walls[None])[0] for maze in found)
    assert len({maze.walls.tobytes() for maze in found}) == 200


def test_every_generator_has_its_row(tiny_model, capsys):
    assert main([str(tiny_model), "--size", "3", "--mazes", "14"]) == 0
    rows = {line.split()[0]: line.split()[1:3] for line in capsys.readouterr().out.splitlines()[2:]}
    assert rows == {name: ["2", "0.0%"] for name in GENERATORS} | {"all": ["14", "0.0%"]}


def test_an_agent_is_refused_in_a_line(capsys):
    assert main(["oracle"]) == 2
    assert "oracle is an agent" in capsys.readouterr().err


def test_where_layouts_run_out_it_ends():
    assert 0 < len(list(mazes("dfs", 3))) < 192  # the spanning trees of a 3x3 grid


def test_a_size_that_is_none_is_refused_in_a_line(tiny_model, capsys):
    assert main([str(tiny_model), "--size", "1"]) == 2
    assert "a maze must have 2 to 200 rows" in capsys.readouterr().err

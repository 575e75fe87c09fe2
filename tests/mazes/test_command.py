"""The command line as a person uses it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmark.mazes.__main__ import main
from benchmark.mazes.agents import AGENTS
from benchmark.mazes.answer import read as read_answer
from benchmark.mazes.draw import DRAWINGS, Glyphs, read
from benchmark.mazes.export import FIELDS
from benchmark.mazes.generate import generate
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path
from benchmark.mazes.suite import Case


def run(capsys, *arguments):
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_the_command_of_the_readme_shows_a_maze_and_its_solution(capsys):
    command = "draw --generator wilson --size 12 --drawing compact --seed 7 --solution"
    title, *drawing = run(capsys, *command.split()).split("\n\n")[0].split("\n")
    maze = generate("wilson", 12, 12, 7, at_least=12)
    assert title == "wilson 12x12, seed 7"
    assert read_answer("\n".join(drawing), maze, "compact").strict.moves == shortest_path(maze)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_what_is_drawn_is_the_maze(capsys, drawing):
    out = run(capsys, "draw", "--drawing", drawing, "--size", "4x6", "--generator", "kruskal", "--seed", "3")
    title, text = out.split("\n\n")[0].split("\n", 1)
    assert read(text, drawing) == generate("kruskal", 4, 6, 3, at_least=6)
    assert title == "kruskal 4x6, seed 3"
    assert "shortest " in out
    assert "dead ends " in out


def test_a_case_of_the_suite_is_shown_in_all_drawings(capsys):
    out = run(capsys, "draw", "--case", "unsolvable-small/dfs-0003-closed", "--drawing", "all", "--solution")
    for drawing in DRAWINGS:
        text = out.split(f"\n{drawing}:\n")[1].split("\n\n")[0]
        assert read(text, drawing) == Case(SUITE, "unsolvable-small", "dfs", 3, "closed").maze
    assert out.endswith("solution: unreachable\n")
    case = SUITE.cases("glyphs-small")[0]
    out = run(capsys, "draw", "--case", f"glyphs-small/{case.id}", "--drawing", "block")
    assert read(out.split("\n\n")[0].split("\n", 1)[1], "block", case.glyphs) == case.maze


def test_random_glyphs_are_drawn(capsys):
    out = run(capsys, "draw", "--glyphs", "--drawing", "spaced", "--seed", "5")
    glyphs = Glyphs.random("dfs 8x8, seed 5")
    assert read(out.split("\n\n")[0].split("\n", 1)[1], "spaced", glyphs) == generate("dfs", 8, 8, 5, at_least=8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw", "--size", "1"], "2 to 200 rows and columns, not 1x1"),
        (["draw", "--size", "4", "--at-least", "99"], "99 or more moves apart: allow a smaller distance"),
        (["draw", "--share", "0.5"], "dfs takes no share; percolation, braided do"),
        (["draw", "--case", "smal/dfs-0001"], "no group 'smal' in labirinto-v1; the groups are tiny, small"),
        (["draw", "--case", "small/dfs-9999"], "no case 'dfs-9999' in small: the cases run from"),
        (["draw", "--glyphs", "--drawing", "boxes"], "boxes takes no glyphs; block and spaced do"),
        (["draw", "--seed", "-1"], "an integer from 0"),
        (["export", "x.jsonl", "--group", "smal"], "no group 'smal' in labirinto-v1; the groups are"),
        (["export", "x.jsonl", "--reasoning"], "in the chat prompt only"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw", "--size", "5by5"], "'5by5' is neither a number, for example 12, nor ROWSxCOLUMNS, for example 5x8"),
        (["draw", "--generator", "eller"], "choose from"),
        ([], "COMMAND"),
    ],
)
def test_wrong_usage_is_told_by_argparse(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    command = [sys.executable, "-m", "benchmark.mazes", "draw", "--drawing", "all", "--size", "100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_facts_say_what_is_in_the_suite_what_is_free_and_that_nothing_leaks(capsys):
    out = run(capsys, "facts", "--training", "3000")
    assert f"labirinto-v1: 4640 cases in {len(SUITE.groups)} groups, digest {SUITE.recorded_digest}" in out
    for group, known in SUITE.groups.items():
        line = next(line for line in out.splitlines() if line.startswith(f"{group} "))
        assert f"{known.rows}x{known.cols}" in line
    tiny = next(line.split() for line in out.split("Solved by the")[1].splitlines() if line.startswith("tiny"))
    right = [sum(score(case.maze, agent(case)).solved for case in SUITE.cases("tiny")) for agent in AGENTS.values()]
    assert [float(share) for share in tiny[1::2]] == [round(count / 4, 1) for count in right]
    leaks = out.split("in 3,000 training mazes")[1]
    for shape in ("4x4", "5x5", "8x8"):
        line = next(line for line in leaks.splitlines() if line.startswith(shape))
        assert " 0 of " in line
    naive = next(line for line in leaks.splitlines() if line.startswith("4x4")).split("(")[1]
    assert float(naive.split(" %")[0]) > 25  # without the guard it would be full of them


def _is_sound(row):
    """A row can be asked and scored by whoever has nothing but the row."""
    assert row.keys() == FIELDS.keys()
    maze = Maze(np.array(row["walls"], np.uint8), tuple(row["start"]), tuple(row["goal"]))
    assert maze.walls.shape == (row["rows"], row["cols"])
    answer = read_answer("answer: " + row["answer"], maze).strict
    assert score(maze, answer).outcome in ("optimal", "unreachable")
    assert row["drawing"] in (row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][-1]["content"])
    if row["group"] != "glyphs-small":
        assert read(row["drawing"], row["style"]) == maze


def test_a_file_of_json_lines_is_exported(capsys, tmp_path):
    run(capsys, "export", str(tmp_path / "suite.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "suite.jsonl").read_text().splitlines()]
    assert len(rows) == len({row["id"] for row in rows}) == 4640
    for row in rows:
        _is_sound(row)
    assert [path.name for path in tmp_path.iterdir()] == ["suite.jsonl"]
    assert main(["export", str(tmp_path / "suite.jsonl")]) == 2
    assert "already exists" in capsys.readouterr().err


def test_a_folder_is_exported_that_datasets_loads(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    folder = tmp_path / "suite"
    options = ["--group", "tiny", "--group", "unsolvable-small", "--prompt", "chat", "--language", "pt", "--shots", "1"]
    run(capsys, "export", str(folder), *options)
    for group in ("tiny", "unsolvable-small"):
        loaded = datasets.load_dataset(str(folder), group, cache_dir=str(tmp_path / "cache"))
        assert list(loaded) == ["test"]
        assert [row["id"] for row in loaded["test"]] == [f"{case.group}/{case.id}" for case in SUITE.cases(group)]
        for row in loaded["test"]:
            _is_sound(row)
            assert [message["role"] for message in row["prompt"]] == ["system", "user", "assistant", "user"]
    assert SUITE.recorded_digest in (folder / "README.md").read_text()


def test_an_export_that_fails_leaves_nothing_behind(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["export", str(tmp_path / "file" / "suite.jsonl"), "--group", "tiny"]) == 2
    assert "cannot write" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

import random
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.answer import Answer, read
from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.maze import Maze
from benchmark.mazes.outcomes import OPTIMAL, OUTCOMES, SOLVED
from benchmark.mazes.score import Score, score

from .strategies import graph, mazes

STEPS = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}


def independent(ways, maze, answer):
    """The score, worked out on a networkx graph; `moves` that say None claim that no way leads to G."""
    reachable = nx.has_path(ways, maze.start, maze.goal)
    shortest = nx.shortest_path_length(ways, maze.start, maze.goal) if reachable else None
    if answer is None:
        return Score("false-unreachable" if reachable else "unreachable", shortest=shortest)
    places = [maze.start]
    faults = []
    for number, move in enumerate(answer):
        there = (places[-1][0] + STEPS[move][0], places[-1][1] + STEPS[move][1])
        if ways.has_edge(places[-1], there):
            places.append(there)
        else:
            faults.append((number, "wall" if there in ways else "outside"))
    prefix = faults[0][0] if faults else len(answer)
    walked = places[: prefix + 1]
    if faults:
        outcome = faults[0][1]
    elif walked[-1] == maze.goal:
        outcome = "optimal" if len(answer) == shortest else "solved"
    else:
        outcome = "overshot" if maze.goal in walked else "short"
    progress = 0.0
    if reachable:
        left = nx.shortest_path_length(ways, walked[-1], maze.goal)
        progress = max(0.0, (shortest - left) / shortest)
    return Score(
        outcome,
        moves=len(answer),
        prefix=prefix,
        shortest=shortest,
        progress=pytest.approx(progress),
        wall_hits=len(faults),
        revisits=len(walked) - len(set(walked)),
        extra=len(answer) - shortest if outcome in ("optimal", "solved") else None,
    )


@pytest.mark.slow
def test_a_hundred_thousand_replies_are_scored_as_an_independent_scorer_does():
    """Right ways, detours, cut and prolonged ones, swapped and dropped moves, noise: as text, read and walked."""
    chance = random.Random(1)
    groups = [
        "tiny",
        "small",
        "medium",
        "unsolvable-small",
        "unsolvable-medium",
        "generator-small",
        "generator-medium",
        "size-5x8",
    ]
    asked = [case for group in groups for case in SUITE.cases(group)]
    prepared = [(case.maze, graph(case.maze.walls), [agent(case).moves for agent in AGENTS.values()]) for case in asked]
    seen = Counter()
    for number in range(100_000):
        maze, ways, ways_known = prepared[number % len(prepared)]
        kind = chance.randrange(8)
        moves = chance.choice(ways_known) or ""
        at = chance.randrange(len(moves) + 1)
        if kind == 1:
            moves = moves[:at]
        elif kind == 2:
            moves += chance.choice("UDLR")
        elif kind == 3:
            moves = moves[:at] + chance.choice(["UD", "LR", "DU", "RL"]) + moves[at:]
        elif kind == 4:
            moves = moves[:at] + moves[at + 1 :]
        elif kind == 5:
            moves = moves[:at] + chance.choice("UDLR") + moves[at + 1 :]
        elif kind == 6:
            moves = "".join(chance.choices("UDLR", k=chance.randrange(1, 12)))
        answer = None if kind == 7 or not moves else moves
        reply = "answer: " + chance.choice(["", " "]).join(answer) if answer else "answer: unreachable"
        found = score(maze, read(reply, maze).strict)
        assert found == independent(ways, maze, answer), (maze, reply)
        seen[found.outcome] += 1
    assert set(seen) == set(OUTCOMES) - {"unreadable", "truncated", "empty", "error"}
    assert min(seen.values()) > 500


@given(mazes, st.text("UDLR", max_size=8))
def test_the_score_is_that_of_an_independent_scorer(maze, moves):
    found = score(maze, Answer(moves))
    assert found == independent(graph(maze.walls), maze, moves)
    assert found.outcome in OUTCOMES
    assert (found.spl > 0) == found.solved


def test_a_detour_is_solved_and_not_optimal():
    open_square = np.array([[5, 9], [6, 10]], np.uint8)  # no inner walls: a loop, and two shortest paths
    maze = Maze(open_square, (0, 0), (1, 1))
    assert score(maze, Answer("RD")).outcome == score(maze, Answer("DR")).outcome == "optimal"
    detour = Score("solved", moves=4, prefix=4, shortest=2, progress=1.0, revisits=1, extra=2)
    assert score(maze, Answer("RLDR")) == detour
    assert detour.spl == 0.5
    assert score(maze, Answer("RDL")).outcome == "overshot"
    assert score(maze, Answer("R")) == Score("short", moves=1, prefix=1, shortest=2, progress=0.5)
    assert score(maze, Answer("RRD")) == Score("outside", moves=3, prefix=1, shortest=2, progress=0.5, wall_hits=1)


def test_to_say_that_no_way_leads_to_the_goal_is_right_where_none_does():
    cut, whole = (SUITE.cases("unsolvable-small")[at].maze for at in (0, 1))
    claim = Answer(None, "unreachable")
    assert score(cut, claim) == Score("unreachable", shortest=None)
    assert score(cut, claim).spl == 1.0
    assert score(whole, claim).outcome == "false-unreachable"
    assert score(whole, claim).spl == 0.0
    assert score(cut, Answer("")).outcome == "short"


@pytest.mark.parametrize(
    ("why", "outcome"),
    [("empty", "empty"), ("truncated", "truncated"), ("jump", "unreadable"), ("no answer", "unreadable")],
)
def test_no_moves_are_their_own_outcomes(why, outcome):
    maze = Maze(np.array([[7, 11]], np.uint8), (0, 0), (0, 1))
    assert score(maze, Answer(None, why)).outcome == outcome


def test_the_outcomes_that_are_right_are_outcomes():
    assert set(OPTIMAL) < set(SOLVED) < set(OUTCOMES)


@pytest.mark.parametrize("group", [name for name, group in SUITE.groups.items() if group.rows <= 8])
def test_the_oracle_is_always_right_through_text(group):
    from benchmark.mazes.answer import write

    for case in SUITE.cases(group):
        reading = read(write(AGENTS["oracle"](case)), case.maze, drawing=next(iter(DRAWINGS)))
        assert score(case.maze, reading.strict).outcome in OPTIMAL

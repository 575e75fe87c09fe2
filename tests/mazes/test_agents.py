from collections import Counter

import pytest

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.answer import Answer
from benchmark.mazes.covariates import covariates
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.score import score


def outcomes(agent, group):
    return Counter(score(case.maze, AGENTS[agent](case)).outcome for case in SUITE.cases(group))


@pytest.mark.parametrize("group", ["small", "unsolvable-medium", "generator-medium"])
def test_no_agent_ever_meets_a_wall_but_the_constant_one(group):
    for agent in set(AGENTS) - {"constant"}:
        assert not {"wall", "outside"} & set(outcomes(agent, group)), agent


def test_the_wall_follower_is_right_in_every_tree_twins_too():
    for case in [*SUITE.cases("small"), *SUITE.cases("unsolvable-medium")]:
        found = score(case.maze, AGENTS["wall-follower"](case))
        assert found.solved or covariates(case.maze).loops


def test_greedy_never_comes_back_to_a_cell():
    for case in SUITE.cases("medium"):
        assert score(case.maze, AGENTS["greedy"](case)).revisits == 0


def test_the_random_walk_is_the_same_each_time_and_ends():
    for case in SUITE.cases("unsolvable-small"):
        answer = AGENTS["random-walk"](case)
        assert answer == AGENTS["random-walk"](case)
        assert len(answer.moves or "") <= 25


def test_no_constant_answer_does_better_than_the_constant_agent():
    group = SUITE.cases("tiny")
    (best,) = {AGENTS["constant"](case) for case in group}

    def right(answer):
        return sum(score(case.maze, answer).solved for case in group)

    for candidate in {AGENTS["oracle"](case) for case in group[:150]} | {Answer("UDLR"), Answer(None, "unreachable")}:
        assert right(candidate) <= right(best)
    assert right(best) >= 2


def test_the_constant_answer_to_twins_is_right_for_half_of_them():
    assert {AGENTS["constant"](case) for case in SUITE.cases("unsolvable-small")} == {Answer(None, "unreachable")}

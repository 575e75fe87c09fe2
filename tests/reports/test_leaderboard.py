"""Who stands above whom, and who beside."""

import numpy as np
import pytest

from reports.leaderboard import boards
from reports.run import Run

from .test_comparison import ABOUT, line, run


def test_the_best_is_first_and_what_cannot_be_told_apart_shares_its_rank():
    half = [True, False] * 100
    found = boards(
        {
            "worst": run({"tiny": [False] * 200, "small": half}),
            "best": run({"tiny": [True] * 200, "small": [True] * 200}),
            "nearly": run({"tiny": [True] * 199 + [False], "small": [True] * 200}),
            "middle": run({"tiny": [True] * 200, "small": half}),
        }
    )
    assert len(found) == 1
    entries = found[0].entries
    assert [(entry.rank, entry.name) for entry in entries] == [(1, "best"), (1, "nearly"), (3, "middle"), (4, "worst")]
    assert found[0].title == "labirinto-v1: drawing compact, prompt None, language None, greedy"
    middle = entries[2]
    assert (middle.solved, middle.n, middle.tiers) == (0.75, 400, {"tiny": 1.0, "small": 0.5})
    assert 0.70 < middle.low < 0.75 < middle.high < 0.79


def test_tiers_count_alike_whatever_their_number_of_mazes():
    found = boards({"x": run({"tiny": [True] * 10, "small": [False] * 1000})})
    assert found[0].entries[0].solved == 0.5


def test_who_was_asked_otherwise_stands_in_a_table_of_their_own():
    some = {"tiny": [True] * 20}
    found = boards(
        {
            "a": run(some),
            "b": run(some, drawing="block"),
            "c": run(some),
            "d": run(some | {"small": [True]}),
            "e": run({"size-6x6": [True]}),
        }
    )
    assert [[entry.name for entry in board.entries] for board in found] == [["a", "c"], ["b"], ["d"]]


def test_the_start_of_an_engine_is_no_cost_of_a_maze():
    engine = ABOUT["engine"] | {"asked": 10, "seconds": 25.0, "waited": 20.0}
    timed, cached = (
        boards({"x": run({"tiny": [True] * 10}, engine=ABOUT["engine"] | about)})[0].entries[0]
        for about in (engine, {"asked": 0, "seconds": 0.0})
    )
    assert timed.seconds == 0.5
    assert cached.seconds is None
    assert timed.tokens == 3


def test_cases_without_a_reply_do_not_count():
    lines = [line("tiny", 0, right=True), line("tiny", 1, right=True, outcome="error")]
    entry = boards({"x": Run(ABOUT, lines)})[0].entries[0]
    assert (entry.n, entry.solved) == (1, 1)
    assert boards({"x": Run(ABOUT, [line("tiny", 1, right=True, outcome="error")])}) == []


@pytest.mark.parametrize("chance", [0.3, 0.9])
def test_the_interval_holds_the_true_average_as_often_as_it_says(chance):
    random, held = np.random.default_rng(1), 0
    for _ in range(300):
        of = {tier: random.random(100) < chance for tier in ("tiny", "small", "medium")}
        entry = boards({"x": run(of)})[0].entries[0]
        held += entry.low <= chance <= entry.high
    assert 0.92 <= held / 300 <= 0.98

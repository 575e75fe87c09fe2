import pytest

from benchmark.mazes import suite
from models.engines.agents import AGENTS
from reports.accuracy import table
from reports.render.terminal import render
from reports.run import Line
from reports.statistics import wilson


def line(tier, case, outcome):
    return Line(tier, case.id, "", outcome, "", None, 0, 0, 0, "")


OUTCOMES = ["optimal"] * 3 + [
    "solved",
    "wall",
    "outside",
    "short",
    "overshot",
    "unreadable",
    "truncated",
    "empty",
    "error",
]
LINES = {
    "sft": [line("tiny", case, outcome) for case, outcome in zip(suite.cases("tiny"), OUTCOMES, strict=False)],
    "base": [line("small", case, "wall") for case in suite.cases("small")[:4]],
}


def test_shares_are_of_the_scored_cases():
    found = table(LINES)
    row = found[(found.tier == "tiny") & (found.checkpoint == "sft")].iloc[0]
    assert row.n == 11  # the error is unscored
    assert [row.solved, row.optimal, row.unreadable] == pytest.approx([100 * 4 / 11, 100 * 3 / 11, 100 * 3 / 11])
    assert [row.low, row.high] == pytest.approx([100 * share for share in wilson(4, 11)])


def test_every_tier_has_its_ceiling_and_floors_on_the_same_mazes():
    found = table(LINES)
    for tier, cases in (("tiny", 12), ("small", 4)):
        beside = found[(found.tier == tier) & found.checkpoint.isin(list(AGENTS))]
        assert set(beside.checkpoint) == set(AGENTS)
        assert set(beside.n) == {cases}
        assert beside[beside.checkpoint == "oracle"].optimal.item() == 100


def test_an_agent_that_was_asked_is_not_added_again():
    asked = {"oracle": [line("tiny", suite.cases("tiny")[0], "wall")]}
    found = table(asked)
    assert found[found.checkpoint == "oracle"].solved.tolist() == [0]


def test_the_table_fits_the_terminal_and_names_each_tier_once():
    text = render(table(LINES))
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("tiny") == text.count("small") == 1
    assert "36.4" in text

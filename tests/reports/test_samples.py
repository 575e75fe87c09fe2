"""What several replies to a case are worth together, against counting all ways to choose among them."""

from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.labirinto_v1 import SUITE
from reports.accuracy import table as accuracy
from reports.render.terminal import render_samples
from reports.samples import table
from reports.schema import Record
from reports.statistics import pass_all, pass_at, wilson


def line(case, sample, outcome, moves="R"):
    return Record(case.group, case.id, sample, "", {}, outcome, outcome, "", moves, 0, 0, 0.0, 0, 0, None, 0, "")


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.data())
def test_pass_at_and_pass_all_are_shares_of_all_ways_to_choose(tries, data):
    k = data.draw(st.integers(1, len(tries)))
    chosen = list(combinations(tries, k))
    assert pass_at(k, len(tries), sum(tries)) == pytest.approx(fmean(any(one) for one in chosen))
    assert pass_all(k, len(tries), sum(tries)) == pytest.approx(fmean(all(one) for one in chosen))


@pytest.mark.parametrize(("k", "n", "right"), [(0, 3, 1), (4, 3, 1), (2, 3, 4), (2, 3, -1)])
def test_what_is_no_choice_is_told(k, n, right):
    for share in (pass_at, pass_all):
        with pytest.raises(ValueError, match=r"give 1 <= k <= n"):
            share(k, n, right)


def test_one_row_a_group_and_checkpoint_that_gave_several():
    first, second = SUITE.cases("tiny")[:2]
    lines = [line(first, at, outcome) for at, outcome in enumerate(["optimal", "wall", "solved", "wall"])]
    lines += [line(second, at, "wall") for at in range(4)]
    found = table({"sft": lines, "base": [line(first, 0, "optimal")]})
    (row,) = found.itertuples()
    assert (row.group, row.checkpoint, row.n, row.k) == ("tiny", "sft", 2, 4)
    assert [row.one, row.any, row.all] == [25, 50, 0]
    assert "pass@4" in render_samples(found)


def test_the_majority_is_of_answers_and_not_of_outcomes():
    (case,) = SUITE.cases("tiny")[:1]
    replies = [("wall", "R"), ("wall", "RR"), ("optimal", "DR"), ("optimal", "DR"), ("wall", "U")]
    lines = [line(case, at, outcome, moves) for at, (outcome, moves) in enumerate(replies)]
    assert table({"sft": lines}).majority.tolist() == [100]
    # of as many the first counts, and an answer that could not be read is one too
    for replies, right in (
        ([("wall", "R"), ("optimal", "DR")], 0),
        ([("optimal", "DR"), ("wall", "R")], 100),
        ([("optimal", "DR"), ("unreadable", None), ("unreadable", None)], 0),
    ):
        lines = [line(case, at, outcome, moves) for at, (outcome, moves) in enumerate(replies)]
        assert table({"sft": lines}).majority.tolist() == [right]


def test_each_case_counts_once_in_the_table_with_its_share():
    first, second = SUITE.cases("tiny")[:2]
    lines = [line(first, at, "optimal" if at else "wall") for at in range(4)]
    lines += [line(second, at, "wall") for at in range(4)]
    row = accuracy({"sft": lines}).iloc[0]
    assert (row.n, row.solved) == (2, 37.5)
    assert [row.low, row.high] == pytest.approx([100 * end for end in wilson(0.75, 2)])

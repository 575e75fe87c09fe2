"""One generation gives what shorter limits would have given: shown by cutting replies and reading them again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.answer import read as read_answer
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path
from models.model_options import GenerationOptions
from models.requests import Reply, Request
from models.stopping import ReplyWatch
from reports.budget_curve import build_curve, choose_budgets, curves
from reports.render import FORMATS
from reports.render.terminal import render_curves
from reports.report import build_report
from reports.run import Run
from reports.schema import Record

CASE = SUITE.cases("tiny")[0]
MOVES = " ".join(shortest_path(CASE.maze))
THIRD_PARTY = {"checkpoint": {"name": "m", "kind": "folder"}}
NANO = {"checkpoint": {"name": "m", "kind": "built", "recipe": {"recipe": {"method": "sft", "style": "search"}}}}


def _reply(text, reasoning, limit):
    """The reply of a model that would write these characters, a token each."""
    request = Request(CASE, "", reasoning, generation=GenerationOptions(ends_with_answer=not reasoning))
    watch = ReplyWatch(request, lambda ids: "".join(map(chr, ids)))
    for at, character in enumerate(text):
        if at == limit:
            return watch.reply(truncated=True)
        if watch.add(ord(character)):
            break
    return watch.reply(truncated=False)


def _outcome(reply: Reply):
    return score(CASE.maze, read_answer(reply.text, CASE.maze, "", None, reply.truncated).strict).outcome


def _record(case, tokens, outcome, sample=0):
    return Record("tiny", case.id, sample, "", {}, outcome, outcome, "", None, 0, 4, 0.0, 0, 0, None, tokens, "")


@given(
    st.sampled_from(["", "Look.\n", "<think>\nanswer: U\n</think>\n", "<think>\nR R"]),
    st.sampled_from([f"answer: {MOVES}", "answer: U U U", f"answer:\n{MOVES}", f"**answer:** {MOVES}", "no idea"]),
    st.sampled_from(["", "\n", "\n\nFind a", " and then", "\nanswer: U"]),
)
def test_without_reasoning_a_reply_is_solved_within_a_limit_if_it_is_solved_and_no_longer(before, answer, after):
    whole = _reply(before + answer + after, reasoning=False, limit=None)
    is_solved = _outcome(whole) in SOLVED
    for limit in range(whole.tokens + 2):
        cut = _reply(before + answer + after, reasoning=False, limit=limit)
        assert (_outcome(cut) in SOLVED) == (is_solved and whole.tokens <= limit), limit


@given(
    st.sampled_from(["", "S is (0,0). R leads on.\n\n", "<think>\nanswer: U\n</think>"]), st.sampled_from(["U", MOVES])
)
def test_with_reasoning_the_answer_is_at_the_end(thought, moves):
    text = f"{thought}answer: {moves}"
    whole = _reply(text, reasoning=True, limit=None)
    for limit in range(whole.tokens + 2):
        cut = _outcome(_reply(text, reasoning=True, limit=limit)) in SOLVED
        assert cut == (_outcome(whole) in SOLVED and whole.tokens <= limit)


def test_a_curve_counts_what_is_solved_in_time_and_tells_what_never_ends():
    cases = SUITE.cases("tiny")[:4]
    outcomes = [("optimal", 10), ("solved", 100), ("wall", 20), ("looping", 30)]
    records = [_record(case, tokens, outcome) for case, (outcome, tokens) in zip(cases, outcomes, strict=True)]
    curve = build_curve("tiny", "m", records, [8, 32, 128])
    assert [point.solved for point in curve.points] == [0, 0.25, 0.5]
    assert [point.ended for point in curve.points] == [0, 0.5, 0.75]
    assert (curve.n, curve.never_ended) == (4, 0.25)
    assert curve.points[1].low < 0.25 < curve.points[1].high


def test_several_replies_to_a_case_count_as_one():
    first, second = SUITE.cases("tiny")[:2]
    records = [_record(first, 5, "optimal"), _record(first, 50, "optimal", 1), _record(second, 5, "truncated")]
    curve = build_curve("tiny", "m", records, [8, 64])
    assert [point.solved for point in curve.points] == [0.25, 0.5]
    assert curve.never_ended == 0.5


@pytest.mark.parametrize(
    ("lengths", "budgets"),
    [
        ([], [8]),
        ([3], [8]),
        ([8, 9], [8, 16]),
        ([1024], [8, 16, 32, 64, 128, 256, 512, 1024]),
        ([1025], [8, 32, 128, 512, 2048]),
    ],
)
def test_budgets_reach_to_the_longest_reply(lengths, budgets):
    assert choose_budgets(lengths) == budgets


def test_only_models_whose_replies_vary_have_a_curve():
    cases = SUITE.cases("tiny")[:2]
    records = [_record(cases[0], 9, "optimal"), _record(cases[1], 400, "wall")]
    assert [curve.checkpoint for curve in curves({"m": Run(THIRD_PARTY, records)})] == ["m"]
    assert curves({"m": Run(NANO, records)}) == []
    assert curves({"m": Run(NANO | {"reasoning": True}, records)})
    assert curves({"m": Run({"checkpoint": {"kind": "agent"}}, records)}) == []
    short = [_record(case, 8, "optimal") for case in cases]
    assert curves({"m": Run(THIRD_PARTY, short)}) == []


def test_each_format_has_the_curve():
    cases = SUITE.cases("tiny")[:4]
    records = [
        _record(case, tokens, outcome)
        for case, (outcome, tokens) in zip(
            cases, [("optimal", 10), ("wall", 60), ("truncated", 64), ("solved", 30)], strict=True
        )
    ]
    report = build_report({"m": Run(THIRD_PARTY, records), "sft": Run(NANO, records)})
    assert render_curves(report.curves).splitlines()[-1].split() == [
        "tiny",
        "m",
        "4",
        "0.0",
        "25.0",
        "50.0",
        "50.0",
        "25.0",
    ]
    assert "| tiny | m | 4 | 0.0 | 25.0 | 50.0 | 50.0 | 25.0 |" in FORMATS["markdown"].write(report)
    heads, first, *_ = FORMATS["csv"].write(report).splitlines()
    assert heads.endswith("solved_within_8,solved_within_16,solved_within_32,solved_within_64")
    assert first.endswith("0,25,50,50")
    (curve,) = json.loads(FORMATS["json"].write(report))["budget_curves"]
    assert [point["solved"] for point in curve["points"]] == [0, 25, 50, 50]
    page = FORMATS["html"].write(report)
    assert "Solved within a token budget" in page
    assert "never ended" in page
    assert not build_report({"sft": Run(NANO, records)}).curves

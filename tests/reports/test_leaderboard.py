"""Who stands above whom, and who beside."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from benchmark.mazes.labirinto_v1 import SUITE
from reports.leaderboard import boards
from reports.run import Run, write
from reports.selection import select

from .test_comparison import ABOUT, line, run


def measured(group, results, **other):
    """Lines of cases of the suite, as they can be saved."""
    known = SUITE.cases(group)
    return [
        replace(line(group, 0, right=right, **{"shortest": 5} | other), case=known[at].id)
        for at, right in enumerate(results)
    ]


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


def save(name, day, lines, checkpoint="sft", **about):
    date = f"2026-11-{day:02d}T08:00:00+00:00"
    provenance = ABOUT | {"checkpoint": {"name": checkpoint}, "started": date, "ended": date} | about
    write(Run(provenance, lines), Path("runs") / f"{name}.jsonl")


def test_a_later_run_of_a_few_mazes_does_not_take_the_place_of_a_run_of_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("full", 1, measured("tiny", [True] * 200) + measured("small", [False] * 200))
    save("glyphs", 2, measured("glyphs-small", [True] * 4))
    save("few", 3, measured("tiny", [False] * 4))
    selection = select(Path())
    ((entry,),) = (board.entries for board in boards(selection.runs))
    assert (entry.name, entry.n, entry.solved, entry.tiers) == ("sft", 400, 0.5, {"tiny": 1.0, "small": 0.0})
    assert selection.notes == ["left out: runs/few.jsonl (sft) has 4 cases of tiny, of which runs/full.jsonl has 200"]
    assert sum(line.group == "glyphs-small" for line in selection.runs["sft"].records) == 4


def test_of_runs_that_are_as_complete_the_newest_counts_and_nothing_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("old", 1, measured("tiny", [False] * 40))
    save("new", 2, measured("tiny", [True] * 40))
    unscored = measured("tiny", [True] * 39) + measured("tiny", [True] * 40, outcome="error")[39:]
    save("gap", 3, unscored)
    save("cut", 4, measured("tiny", [False] * 40), ended=None)
    save("other", 1, measured("tiny", [False] * 40), drawing="block")
    selection = select(Path())
    assert {name: board.entries[0].solved for board in boards(selection.runs) for name in [board.entries[0].name]} == {
        "sft": 1.0, "sft (other)": 0.0,
    }  # fmt: skip
    assert selection.notes == [
        "left out: runs/cut.jsonl (sft) was cut off",
        "left out: runs/gap.jsonl (sft) has 39 cases of tiny, of which runs/new.jsonl has 40",
    ]


def test_tiers_that_were_asked_on_two_days_stand_in_one_entry_without_a_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = ABOUT["engine"] | {"asked": 40, "seconds": 40.0}
    save("one", 1, measured("tiny", [True] * 40), engine=engine)
    assert boards(select(Path()).runs)[0].entries[0].seconds == 1.0
    save("two", 2, measured("small", [False] * 30), engine=engine)
    (board,) = boards(select(Path()).runs)
    assert (board.entries[0].n, board.entries[0].solved, board.entries[0].seconds) == (70, 0.5, None)


@pytest.mark.parametrize(
    ("about", "lines", "words"),
    [
        ({"suite_digest": "cd"}, {}, "suite digest cd"),
        ({"prompt_digest": "cd"}, {}, "prompt digest cd"),
        ({"shots": 0}, {}, "shots 0"),
        ({"glyphs": True}, {}, "greedy"),
        ({"engine": {"sampling": {"temperature": 0.0, "samples": 4}}}, {}, "greedy, 4 samples"),
        ({"engine": {"sampling": {"temperature": 0.8, "samples": 1}}}, {}, "temperature 0.8"),
        ({}, {"small": [True]}, "tiny and small"),
        ({"language": "pt"}, {"small": [True]}, "greedy"),
    ],
)
def test_no_two_boards_have_one_title(about, lines, words):
    some = {"tiny": [True] * 20}
    made = boards({"a": run(some), "b": run(some | lines, **about)})
    assert len({board.title for board in made}) == 2
    assert next(board.title for board in made if board.entries[0].name == "b").endswith(words)

"""The table of many prompts: its sessions, and its figures from saved runs."""

import json
from pathlib import Path

from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.outcomes import SOLVED
from reports.run import read
from scripts.real_models import _baselines, _rows, list_sessions

GOLDEN = Path(__file__).parents[1] / "golden" / "golden-sft.jsonl"


def test_each_prompt_is_one_session_of_its_own():
    sessions = list(list_sessions(("prompts", "drawings")))
    assert len({session.name for session in list_sessions(("prompts",))}) == 8
    assert [session.drawing for session in sessions[8:]] == list(DRAWINGS)
    assert len({session.name for session in sessions}) == len(sessions)
    assert all("--shots" in session.arguments() for session in sessions)


def test_a_row_counts_what_the_run_holds():
    lines = [json.loads(line) for line in GOLDEN.read_text().splitlines()[1:]]
    (session, *_) = list_sessions(("prompts",))
    rows = {row[0]: row for row in _rows(session, "sft", read(GOLDEN))}
    for group in {line["group"] for line in lines}:
        of_group = [line for line in lines if line["group"] == group]
        n, solved = len(of_group), sum(line["outcome"] in SOLVED for line in of_group)
        _, _, _, _, _, _, shown_n, share, interval, readable, not_ended, tokens, different = rows[group]
        low, high = map(float, interval.split(" - "))
        assert (int(shown_n), float(share)) == (n, round(100 * solved / n, 1))
        assert low <= float(share) <= high
        assert float(not_ended) == round(100 * sum(line["outcome"] == "truncated" for line in of_group) / n, 1)
        assert float(readable) <= 100 - float(not_ended)
        assert int(different) == len({line["reply"] for line in of_group})
        assert int(tokens) == round(sum(line["tokens"] for line in of_group) / n)


def test_the_baseline_agents_answer_the_same_mazes():
    rows = _baselines(8)
    assert [row[7] for row in rows if row[1] == "oracle"] == ["100.0", "100.0"]
    assert {row[6] for row in rows} == {"8"}

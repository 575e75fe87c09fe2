import pytest
from msgspec.structs import replace

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.labirinto_v1 import SUITE
from reports import baseline_agents
from reports.accuracy import table
from reports.render.terminal import render, render_outcomes
from reports.schema import Record
from reports.statistics import wilson


def line(group, case, outcome, lenient=None):
    return Record(group, case.id, 0, "", {}, outcome, lenient or outcome, "", None, 0, 0, 0.0, 0, 0, None, 0, "")


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
    "sft": [line("tiny", case, outcome) for case, outcome in zip(SUITE.cases("tiny"), OUTCOMES, strict=False)],
    "base": [line("small", case, "wall") for case in SUITE.cases("small")[:4]],
}


def test_shares_are_of_the_scored_cases():
    found = table(LINES)
    row = found[(found.group == "tiny") & (found.checkpoint == "sft")].iloc[0]
    assert row.n == 11  # the error is unscored
    assert [row.solved, row.optimal, row.unreadable] == pytest.approx([100 * 4 / 11, 100 * 3 / 11, 100 * 3 / 11])
    assert [row.low, row.high] == pytest.approx([100 * share for share in wilson(4, 11)])


def test_every_group_has_its_ceiling_and_floors_on_the_same_mazes():
    found = table(LINES)
    for tier, cases in (("tiny", 12), ("small", 4)):
        beside = found[(found.group == tier) & found.checkpoint.isin(list(AGENTS))]
        assert set(beside.checkpoint) == set(AGENTS)
        assert set(beside.n) == {cases}
        assert beside[beside.checkpoint == "oracle"].optimal.item() == 100


def test_what_agents_come_to_is_kept_and_worked_out_again_where_it_was_spoilt(tmp_path, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))
    digests = {case.id: case.digest for case in SUITE.cases("tiny")[:8]}
    first = baseline_agents.score_agents(SUITE, "tiny", digests)
    (kept,) = (tmp_path / "floors").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(baseline_agents, "_score", lambda *_: pytest.fail("it was worked out again"))
        assert baseline_agents.score_agents(SUITE, "tiny", digests) == first
    kept.write_text(kept.read_text()[:-9])
    assert baseline_agents.score_agents(SUITE, "tiny", digests) == first
    baseline_agents.score_agents(SUITE, "tiny", digests | {"dfs-0000": "another maze"})
    assert len(list((tmp_path / "floors").iterdir())) == 2


def test_an_agent_that_was_asked_is_not_added_again():
    asked = {"oracle": [line("tiny", SUITE.cases("tiny")[0], "wall")]}
    found = table(asked)
    assert found[found.checkpoint == "oracle"].solved.tolist() == [0]


def test_the_lenient_reading_stands_beside_the_strict_one():
    first, second = SUITE.cases("tiny")[:2]
    row = table({"x": [line("tiny", first, "unreadable", "solved"), line("tiny", second, "optimal")]}).iloc[0]
    assert [row.solved, row.lenient] == [50, 100]


def test_twins_are_weighed_alike():
    """Who always says unreachable gets 50, and who sees through some of the open ones as well gets more."""
    asked = SUITE.cases("unsolvable-small")[:12]
    lazy = [line(case.group, case, "unreachable" if case.twin == "closed" else "false-unreachable") for case in asked]
    keen = [line(case.group, case, "unreachable" if case.twin == "closed" else "optimal") for case in asked[:9]]
    found = table({"lazy": lazy, "keen": keen}).set_index("checkpoint")
    assert found.balanced["lazy"] == found.balanced["constant"] == 50
    assert found.balanced["oracle"] == found.balanced["keen"] == 100
    half = table({"half": [line(case.group, case, "wall") for case in asked if case.twin == "open"]})
    assert half.balanced.isna().all()  # without closed twins there is nothing to balance


def test_balanced_accuracy_is_that_of_scikit_learn():
    from sklearn.metrics import balanced_accuracy_score

    asked = SUITE.cases("unsolvable-small")[:31]
    right = [number % 3 != 0 for number in range(31)]
    lines = [line(case.group, case, "solved" if good else "wall") for case, good in zip(asked, right, strict=True)]
    truth = [case.twin == "closed" for case in asked]
    said = [fact == good for fact, good in zip(truth, right, strict=True)]
    row = table({"x": lines}).iloc[0]
    assert row.balanced == pytest.approx(100 * balanced_accuracy_score(truth, said))


@pytest.mark.parametrize("group", SUITE.groups)
def test_every_group_of_the_suite_has_its_agents(group):
    """Also where a tier's mazes are turned or drawn in another way: it has the same baseline agents."""
    cases = SUITE.cases(group)[:6]
    found = table({"x": [line(group, case, "wall") for case in cases]}).set_index("checkpoint")
    assert found.index.tolist() == ["x", *AGENTS]
    assert set(found.n) == {6}
    assert found.optimal["oracle"] == 100


def test_agents_do_not_see_how_a_maze_is_drawn():
    tables = {
        group: table({"x": [line(group, case, "wall") for case in SUITE.cases(group)[:40]]}).set_index("checkpoint")
        for group in ("small", "drawing-block", "drawing-walls", "glyphs-small")
    }
    others = ["oracle", "wall-follower", "greedy", "random-walk"]  # the constant answer is the best of all of a group
    for found in tables.values():
        assert found.spl[others].tolist() == tables["small"].spl[others].tolist()


@pytest.mark.parametrize("group", ["tiny", "unsolvable-medium", "drawing-coordinates"])
def test_the_table_fits_the_terminal_and_names_each_group_once(group):
    lines = {name: [line(group, case, "wall") for case in SUITE.cases(group)] for name in ("sft", "thirteen-long")}
    text = render(table({**lines, **LINES}))
    assert max(map(len, text.splitlines())) <= 101  # with the longest names of group and agent
    assert text.count(f"\n{group} ") == text.count("\nsmall ") == 1
    assert ("balanced" in text) == (group == "unsolvable-medium")
    assert "36.4" in text


def test_solved_of_the_replies_that_finished_stands_beside_solved_where_some_were_cut_off():
    cases = SUITE.cases("tiny")[:6]
    outcomes = ["optimal", "solved", "wall", "unreadable", "truncated", "looping"]
    found = table({"m": [line("tiny", case, outcome) for case, outcome in zip(cases, outcomes, strict=True)]})
    row = found[found.checkpoint == "m"].iloc[0]
    assert row.solved == pytest.approx(100 * 2 / 6)
    assert [row.finished, row.solved_finished] == [4, 50]
    assert [row.finished_low, row.finished_high] == pytest.approx([100 * share for share in wilson(2, 4)])
    assert render_outcomes(found[found.checkpoint == "m"]).splitlines()[-1].split()[-5:] == [
        "50.0",
        "15.0",
        "-",
        "85.0",
        "4",
    ]
    assert "of finished %" not in render_outcomes(table({"m": [line("tiny", case, "wall") for case in cases]}))


def test_a_checkpoint_of_which_nothing_finished_has_no_share_of_it():
    cases = SUITE.cases("tiny")[:2]
    found = table({"m": [line("tiny", case, "looping") for case in cases]})
    row = found[found.checkpoint == "m"].iloc[0]
    assert row.finished == 0
    assert row[["solved_finished", "finished_low", "finished_high"]].isna().all()
    assert render_outcomes(found[found.checkpoint == "m"]).splitlines()[-1].split()[-3:] == ["-", "-", "0"]


def test_of_several_replies_to_a_case_those_that_finished_count_with_their_share():
    first, second = SUITE.cases("tiny")[:2]
    replies = [
        line("tiny", first, "optimal"),
        replace(line("tiny", first, "truncated"), sample=1),
        line("tiny", second, "wall"),
    ]
    row = table({"m": replies}).iloc[0]
    assert [row.finished, row.solved_finished] == [1.5, pytest.approx(100 / 3)]

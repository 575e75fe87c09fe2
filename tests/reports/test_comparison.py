"""What is said of two runs, and how often it is wrong."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmark.mazes.errors import RunError
from reports.comparison import compare
from reports.run import Run
from reports.schema import Record
from reports.statistics import power

ABOUT = {
    "suite": "labirinto-v1",
    "suite_digest": "ab",
    "drawing": "compact",
    "engine": {"engine": "vllm", "dtype": "float32", "sampling": {"temperature": 0.0, "samples": 1}},
    "machine": {"processor": "x86_64"},
    "packages": {"torch": "2.13.0"},
}


def line(group, at, right, sample=0, **other):
    outcome = "optimal" if right else "wall"
    about = {"outcome": outcome, "lenient": outcome, "shortest": 10, "extra": 0 if right else None} | other
    empty = {"why": "", "moves": "R", "prefix": 1, "progress": 1.0, "wall_hits": 0, "revisits": 0, "tokens": 3}
    return Record(group, f"dfs-{at:04d}", sample, "ab", {}, **empty, reply="", **about)


def run(of, **about):
    """A run with these results: {group: [right or wrong, ...]}."""
    lines = [line(group, at, right) for group, results in of.items() for at, right in enumerate(results)]
    return Run(ABOUT | about, lines)


def verdicts(comparison):
    return {(row.measure, row.group): row.verdict for row in comparison.rows}


def test_a_drop_is_told_with_its_cases():
    before = run({"small": [True] * 300 + [False] * 100})
    after = run({"small": [False] * 40 + [True] * 265 + [False] * 95})
    found = compare(before, after, {("accuracy", "all"): 0.02})
    (row,) = found.rows
    assert (row.group, row.n, row.before, row.after) == ("small", 400, 0.75, 265 / 400)
    assert (row.broke, row.fixed) == (40, 5)
    assert row.low < row.change < row.high < 0
    assert row.p < 1e-6
    assert row.verdict == "worse"
    assert found.is_worse
    assert found.broken[0] == "small/dfs-0000"
    assert len(found.broken) == 40
    assert found.fixed == [f"small/dfs-{at:04d}" for at in range(300, 305)]
    assert compare(after, before).rows[0].verdict == "better"
    assert compare(before, after, {("accuracy", "small"): 0.2}).rows[0].verdict == "within margin"


@given(
    st.lists(st.tuples(*[st.integers(0, 2)] * 2), min_size=1, max_size=40),
    st.sampled_from(["accuracy", "spl"]),
    st.sampled_from([0.0, 0.1]),
)
def test_a_verdict_has_the_p_value_and_interval_that_belong_to_it(pairs, measure, margin):
    """Worse and better are said beside p < 5 % and an interval without 0 on their side, and nothing else is."""
    sampled = {"engine": {"sampling": {"temperature": 1.0, "samples": 2}}}
    before, after = (
        Run(
            ABOUT | sampled,
            [line("tiny", at, sample < pair[side], sample) for at, pair in enumerate(pairs) for sample in range(2)],
        )
        for side in (0, 1)
    )
    for row in compare(before, after, {(measure, "all"): margin}).rows:
        assert (row.p < 0.05) == (row.verdict in ("worse", "within margin", "better"))
        assert row.low <= row.change <= row.high
        if row.verdict == "better":
            assert row.low > 0
        elif row.p < 0.05:
            assert row.high < 0
            assert (row.verdict == "worse") == (-row.change > row.margin)
        assert 0 < row.p <= 1


def test_a_gain_has_the_small_p_of_a_gain():
    before = run({"small": [True] * 300 + [False] * 100})
    after = run({"small": [True] * 340 + [False] * 60})
    (row,) = compare(before, after).rows
    assert (row.verdict, row.p) == ("better", pytest.approx(2 * 0.5**40))
    assert compare(after, before).rows[0].p == row.p


def test_two_cases_that_got_worse_alike_are_no_proof():
    sampled = {"engine": {"sampling": {"temperature": 1.0, "samples": 2}}}
    before = [line("tiny", at, True, sample) for at in range(2) for sample in range(2)]
    after = [replace(one, outcome="wall") if one.sample else one for one in before]
    (row,) = compare(Run(ABOUT | sampled, before), Run(ABOUT | sampled, after)).rows
    assert (row.change, row.p, row.verdict) == (-0.5, 0.5, "inconclusive")
    assert (row.low, row.high, row.seen) == (-1, 1, None)


def test_the_same_replies_are_no_change_and_say_what_could_have_been_seen():
    same = run({"small": [True] * 350 + [False] * 50})
    (row,) = compare(same, same).rows
    assert row.verdict == "no change seen"
    assert row.p == 1
    assert 0.01 < row.seen < 0.03


def test_few_cases_are_inconclusive():
    before, after = run({"tiny": [True] * 10}), run({"tiny": [True] * 8 + [False] * 2})
    assert compare(before, after).rows[0].verdict == "inconclusive"


def test_each_group_and_all_of_them_have_a_row_and_p_values_know_of_each_other():
    before = run({"tiny": [True] * 100, "small": [True] * 100})
    after = run({"tiny": [True] * 100, "small": [False] * 5 + [True] * 95})
    found = compare(before, after, {("spl", "all"): 0.0})
    assert [(row.measure, row.group) for row in found.rows] == [
        ("accuracy", "all"), ("accuracy", "tiny"), ("accuracy", "small"), ("spl", "all"),
    ]  # fmt: skip
    assert min(row.p for row in found.rows) == pytest.approx(4 * 2 * 0.5**5)


def test_longer_ways_are_worse_by_spl_and_not_by_accuracy():
    lines = [line("small", at, right=True) for at in range(200)]
    longer = [replace(one, outcome="solved", extra=10) if at < 60 else one for at, one in enumerate(lines)]
    found = compare(Run(ABOUT, lines), Run(ABOUT, longer), {("spl", "all"): 0.02, ("optimal", "all"): 0.02})
    assert verdicts(found) == {
        ("accuracy", "small"): "no change seen",
        ("spl", "small"): "worse",
        ("optimal", "small"): "worse",
    }
    spl = found.rows[1]
    assert (spl.before, spl.after) == (1, pytest.approx(1 - 60 / 200 / 2))


def test_several_replies_count_as_one_case():
    sampled = {"engine": ABOUT["engine"] | {"sampling": {"temperature": 1.0, "samples": 4}}}
    before = [line("small", at, right=True, sample=sample) for at in range(100) for sample in range(4)]
    after = [replace(one, outcome="wall") if one.sample == 0 and one.case < "dfs-0050" else one for one in before]
    (row,) = compare(Run(ABOUT | sampled, before), Run(ABOUT | sampled, after)).rows
    assert (row.n, row.after, row.broke) == (100, 0.875, 50)
    assert row.verdict == "worse"


def test_what_was_not_compared_is_counted():
    before = run({"tiny": [True] * 5, "small": [True] * 5})
    after = run({"small": [True] * 8})
    after.records[0] = replace(after.records[0], outcome="error")
    found = compare(before, after)
    assert (found.new, found.gone, found.unscored, found.rows[0].n) == (3, 5, 1, 4)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"suite": "labirinto-v2"}, "suite is 'labirinto-v1' in one and 'labirinto-v2' in the other"),
        ({"suite_digest": "cd"}, "suite digest is"),
        ({"drawing": "block"}, "drawing is 'compact' in one and 'block' in the other"),
        ({"prompt_digest": "cd"}, "prompt digest is None"),
        ({"engine": {"sampling": {"temperature": 0.8, "samples": 1}}}, "temperature is 0.0 in one and 0.8"),
        ({"engine": {"sampling": {"temperature": 0.0, "samples": 4}}}, "samples is 1 in one and 4"),
    ],
)
def test_what_was_asked_otherwise_is_refused(other, message):
    with pytest.raises(RunError, match=message):
        compare(run({"tiny": [True]}), run({"tiny": [True]}, **other))


def test_other_mazes_and_no_mazes_are_refused():
    before, after = run({"tiny": [True] * 2}), run({"tiny": [True] * 2})
    after.records[1] = replace(after.records[1], digest="cd")
    with pytest.raises(RunError, match="1 cases have different mazes in the two runs; the first one is tiny/dfs-0001"):
        compare(before, after)
    with pytest.raises(RunError, match="no scored case in common"):
        compare(before, run({"small": [True]}))
    with pytest.raises(RunError, match="no common case of huge, only of tiny"):
        compare(before, before, {("accuracy", "huge"): 0.1})


def test_another_machine_engine_or_version_is_a_warning():
    other = run(
        {"tiny": [True] * 9},
        engine=ABOUT["engine"] | {"engine": "transformers"},
        machine={"processor": "aarch64"},
        packages={"torch": "3.0"},
    )
    found = compare(run({"tiny": [True] * 9}), other)
    assert found.warnings == [
        "engine is 'vllm' in one run and 'transformers' in the other",
        "processor is 'x86_64' in one run and 'aarch64' in the other",
        "torch is '2.13.0' in one run and '3.0' in the other",
    ]


def _pair(random, groups, n, drop, noise):
    """Two runs: each case is broken or fixed by chance."""
    before, after = {}, {}
    for group in groups:
        kinds = random.choice(4, size=n, p=[drop + noise, noise, 0.6 - drop - noise, 0.4 - noise])
        before[group], after[group] = np.isin(kinds, (0, 2)), np.isin(kinds, (1, 2))
    return run(before), run(after)


def _is_changed(comparison):
    return any(row.verdict in ("worse", "better") for row in comparison.rows)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.002, 0.02, 0.1])
@pytest.mark.parametrize("groups", [["small"], ["tiny", "small", "medium"]])
def test_worse_or_better_is_said_of_nothing_in_at_most_5_percent(groups, noise):
    random, runs = np.random.default_rng(1), 600
    said = sum(_is_changed(compare(*_pair(random, groups, 100, 0, noise))) for _ in range(runs))
    assert said / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5  # two standard errors of the simulation


@pytest.mark.slow
@pytest.mark.parametrize(("drop", "noise"), [(0.1, 0.05), (0.05, 0.05), (0.05, 0.01)])
def test_a_planted_drop_is_found_as_often_as_is_said(drop, noise):
    random, runs, margin = np.random.default_rng(1), 600, {("accuracy", "all"): 0.02}
    said = Counter(compare(*_pair(random, ["small"], 400, drop, noise), margin).rows[0].verdict for _ in range(runs))
    stated = power(drop, 400, noise, margin=0.02, alpha=0.05 / 2)  # two-sided
    assert said["worse"] / runs == pytest.approx(stated, abs=0.05)
    if drop == 0.1:
        assert said["worse"] / runs >= 0.95


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_other_direction_is_the_mirror_image(pairs):
    before, after = (run({"tiny": [pair[side] for pair in pairs]}) for side in (0, 1))
    (there,), (back,) = compare(before, after).rows, compare(after, before).rows
    assert there.change == pytest.approx(-back.change)
    assert (there.broke, there.fixed) == (back.fixed, back.broke)
    assert (there.verdict == "worse") == (back.verdict == "better")

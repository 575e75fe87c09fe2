import json
import re
from itertools import islice, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes import training
from benchmark.mazes.answer import Answer, read
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path
from models import load
from models.data import formats
from models.data import pairs as preferences
from models.data.pairs import KINDS, OUTCOMES, pairs
from models.data.verifier_reward import reward
from models.recipes import RECIPES
from models.training import on_policy_pairs
from models.training.pair_settings import SHARES
from models.weights import Weights

from ..mazes.strategies import mazes, trees


@given(trees, st.sampled_from(list(KINDS)), st.integers(0, 99))
def test_each_kind_is_wrong_in_its_own_way(maze, kind, seed):
    right = shortest_path(maze)
    wrong = KINDS[kind](maze, right, Random(seed))
    if wrong is not None:
        found = score(maze, Answer(wrong))
        assert found.outcome == OUTCOMES[kind]
        if kind == "short":
            assert right.startswith(wrong)
        if kind == "overshot":
            assert wrong.startswith(right)
        if kind == "wall":
            assert found.wall_hits >= 1
        if kind == "detour":
            assert len(wrong) == len(right) + 2


def _some(shares, n=200):
    return list(islice(pairs(training.stream("test", 5, 5, at_least=5), shares, 1), n))


def test_the_chosen_is_optimal_and_only_the_answer_differs():
    stream = training.stream("test", 5, 5, at_least=5)
    for pair, maze in zip(_some({"wall": 1.0}), stream, strict=False):
        assert score(maze, read(pair["chosen"], maze).strict).outcome == "optimal"
        assert score(maze, read(pair["rejected"], maze).strict).outcome == "wall"
        assert pair["chosen"].split("answer:")[0] == pair["rejected"].split("answer:")[0]


def _contradicts(reply):
    """Whether the path of a reply takes a step that the search before it, read from its text, did not come by."""
    searched, _, path = reply.partition("\nanswer:\nS ")
    reached_from = {}
    for group in searched.split(":", 1)[1].removesuffix(";").split(";"):
        cell, neighbours = re.fullmatch(r"(?: \(\d+,\d+\))?? (\(\d+,\d+\)) [UDLR-]+(.*)", group).groups()
        reached_from[cell] = neighbours.split()[0].rstrip("+") if reached_from else None
    cells = path.split()
    return cells[-1] not in reached_from or any(reached_from[cell] != after for cell, after in pairwise(cells))


@pytest.mark.parametrize("name", ["sft", "dpo", "orpo", "reward"])
def test_no_reply_that_is_taught_contradicts_its_own_search(name):
    examples = list(islice(RECIPES[name].data(), 640))
    right = [example.get("completion") or example["chosen"] for example in examples]
    assert sum(map(_contradicts, right)) == 0
    with_loops = islice(training.stream("loops", 5, 5, ("braided",), at_least=5), 200)
    others = [formats.build_reply(maze, shortest_path(maze)) for maze in with_loops]
    assert any(map(_contradicts, others)), "another shortest path does contradict it, so the check can fail"


def test_nor_does_one_beside_a_models_own_mistakes(tiny_model):
    weights = Weights(tiny_model)
    stream = islice(training.stream("own", 4, 4, ("braided",), at_least=4), 64)
    own = list(on_policy_pairs.pair_mistakes(load.model(weights), load.tokenizer(weights), list(stream), "search"))
    assert len(own) > 50
    assert not any(_contradicts(pair["chosen"]) for pair in own)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_switched_off(kind):
    drawn = []
    recorded = {name: lambda *_, name=name: drawn.append(name) for name in KINDS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preferences, "KINDS", recorded)
        list(pairs(islice(training.stream("test", 5, 5, at_least=5), 300), {**SHARES, kind: 0}, 1))
    assert set(drawn) == set(KINDS) - {kind}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"slow": 1.0}, "unknown kind of wrong answer: 'slow'. The kinds are wall, short"),
        ({"wall": 0.0}, "not all 0"),
        ({"wall": 1.0, "short": -1.0}, "must be 0 or more"),
    ],
)
def test_shares_that_are_none_are_refused(shares, message):
    with pytest.raises(CheckpointError, match=message):
        _some(shares, 1)


TALK = [{"role": "user", "content": "Where?"}]


def test_peoples_own_preferences_are_read(tmp_path):
    file = tmp_path / "mine.jsonl"
    texts = [
        {"prompt": "Where?", "chosen": "R", "rejected": "L"},
        {"prompt": "?", "chosen": "é", "rejected": "e", "by": 1},
    ]
    file.write_text("\n".join(map(json.dumps, texts)) + "\n\n")
    assert [pair["chosen"] for pair in preferences.read(file)] == ["R", "é"]
    answers = {name: [{"role": "assistant", "content": name}] for name in ("chosen", "rejected")}
    file.write_text(json.dumps({"prompt": TALK, **answers}))
    assert preferences.read(file)[0]["prompt"] == TALK


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"prompt": "a", "chosen": "b"'], "line 1: not valid JSON"),
        (['{"prompt": "a", "chosen": "b", "rejected": "c"}', "[]"], "line 2: expected an object with prompt"),
        (['{"prompt": "a", "chosen": "b"}'], "line 1: expected an object with prompt"),
        (['{"prompt": "a", "chosen": "b", "rejected": 3}'], "line 1: .*three texts"),
        (['{"prompt": "a", "chosen": "b", "rejected": "b"}'], "line 1: chosen and rejected are the same"),
        (['{"prompt": [], "chosen": [], "rejected": []}'], "three lists of messages"),
        (["", " "], "contains no preferences"),
        (["", '{"prompt": "a", "chosen": "b"'], "line 2: not valid JSON"),
        (['{"prompt": "a", "chosen": "b", "rejected": ' + "9" * 5000 + "}"], "line 1: JSON that cannot be read"),
        (["[" * 100_000], "line 1: JSON that cannot be read"),
        ([r'{"prompt": "a", "chosen": "b", "rejected": "\ud800"}'], "line 1: the text contains a lone surrogate"),
        (['{"prompt": [{"role": "user", "content": null}], "chosen": [], "rejected": []}'], "line 1: .*three lists"),
        (
            [
                '{"prompt": "a", "chosen": "b", "rejected": "c"}',
                json.dumps({"prompt": TALK, "chosen": TALK, "rejected": [{"role": "user", "content": "?"}]}),
            ],
            "mixes texts and conversations",
        ),
    ],
)
def test_a_spoilt_file_is_an_error_that_names_file_and_line(tmp_path, lines, message):
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(lines))
    with pytest.raises(CheckpointError, match=message) as error:
        preferences.read(file)
    assert str(file) in str(error.value)


def test_a_line_ends_with_a_newline_alone(tmp_path):
    file = tmp_path / "mine.jsonl"
    strange = "a\u2028b\u2029c\x85d\ufeffe"
    lines = [json.dumps({"prompt": strange, "chosen": str(n), "rejected": "-"}, ensure_ascii=False) for n in range(3)]
    for between, start in (("\n", ""), ("\r\n", "\ufeff"), ("\n\n \n\t\r\n", "\n")):
        file.write_bytes((start + between.join(lines) + between).encode())
        pairs = preferences.read(file)
        assert [(pair["prompt"], pair["chosen"]) for pair in pairs] == [(strange, str(n)) for n in range(3)]


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="cannot read the preferences"):
        preferences.read(tmp_path / "none.jsonl")


@given(mazes, st.text("UDLR", max_size=12))
def test_rewards_are_bounded_and_pay_nothing_for_length(maze, moves):
    found = reward(maze, f"answer: {moves}")
    assert 0 <= found <= 1
    right = shortest_path(maze)
    assert reward(maze, f"answer: {right}") == reward(maze, "Let me see.\n" * 9 + f"answer: {right}") == 1
    if score(maze, Answer(moves)).outcome != "optimal":
        assert found < 1
    assert reward(maze, "dunno") == 0
    assert reward(maze, f"answer: {right[:-1]}") < 0.5

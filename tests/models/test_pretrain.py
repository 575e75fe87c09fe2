"""What the base is taught inside."""

import re
from dataclasses import replace
from itertools import product

import networkx as nx
import pytest
import torch
from transformers import AutoModelForCausalLM

from models.data import search
from models.nano import pretraining, tokenizer
from models.nano.curriculum import documents_at
from models.nano.supervision import AttentionLesson, StateLesson

from ..mazes.strategies import graph
from ..tiny import RECIPES


def cell_of(name):
    return tuple(map(int, re.findall(r"\d+", name)))


def share_right(model, batch, lesson):
    """The share of tokens that the states of a model predict right after one of its layers."""
    with torch.inference_mode():
        states = model.model(batch.ids, output_hidden_states=True).hidden_states[lesson.layer]
        state = model.model.norm(states[lesson.rows, lesson.positions])
        predicted = lesson.candidates[(state @ model.lm_head.weight[lesson.candidates].T).argmax(-1)]
        return (predicted == lesson.token_ids).float().mean()


def lessons(batch, kind):
    return [lesson for lesson in batch.lessons if isinstance(lesson, kind)]


def test_the_base_learns_which_cell_a_token_of_a_drawing_is(tmp_path):
    letters = replace(
        RECIPES["base"], stages=((0, (("letters", 4),)),), cells_per_batch={"letters": 512}, max_steps=120
    )
    before = pretraining.build_model(letters, tokenizer.build())
    letters.build({}, tmp_path / "base", tmp_path)
    unseen = pretraining.build_batch(letters, documents_at(letters, 1000), tokenizer.build(), 0)
    after = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    names = lessons(unseen, StateLesson)[0]
    assert share_right(before, unseen, names) < 0.2
    assert share_right(after, unseen, names) > 0.6


def test_a_head_learns_where_to_look(tmp_path):
    recipe, nano = replace(RECIPES["base"], stages=((0, (("ways", 4),)),), max_steps=60), tokenizer.build()
    unseen = pretraining.build_batch(recipe, documents_at(recipe, 1000), nano, recipe.max_steps)

    def losses(model):
        with torch.inference_mode():
            states = model.model(unseen.ids, output_hidden_states=True).hidden_states
            return [float(look.loss(model, states, unseen.ids)) for look in lessons(unseen, AttentionLesson)]

    before = losses(pretraining.build_model(recipe, nano))
    recipe.build({}, tmp_path / "base", tmp_path)
    after = losses(AutoModelForCausalLM.from_pretrained(tmp_path / "base"))
    assert all(late < 0.8 * early for early, late in zip(before, after, strict=True)), (before, after)


@pytest.fixture(scope="module")
def batch():
    """Documents of all kinds of one size, as words, with what they teach inside."""
    recipe, nano = RECIPES["base"], tokenizer.build()
    documents = documents_at(recipe, recipe.max_steps - 1)
    tensors = pretraining.build_batch(recipe, documents, nano, recipe.max_steps)
    return documents, [nano.convert_ids_to_tokens(row) for row in tensors.ids.tolist()], tensors


def known_of(batch):
    nano = tokenizer.build()
    return (
        list(zip(known.rows.tolist(), known.positions.tolist(), map(nano.decode, known.token_ids), strict=True))
        for known in lessons(batch, StateLesson)
    )


def test_what_the_base_has_to_know_about_its_mazes_is_true(batch):
    documents, words, tensors = batch
    names, sides, letters, about, ordered, reached = known_of(tensors)
    walls = [document.maze.walls for document in documents]
    cells = [(row, cell) for row, layout in enumerate(walls) for cell in product(*map(range, layout.shape))]
    assert [state[:2] for state in names] == [state[:2] for state in sides] == [state[:2] for state in letters]
    for (row, cell), (of, at, name), (*_, side), (*_, letter) in zip(cells, names, sides, letters, strict=True):
        assert of == row
        assert words[row][at] in documents[row].drawing
        assert (letter if letter in "SG" else None) == next((mark for mark in "SG" if mark in words[row][at]), None)
        assert (name, side) == (f" {search.write_cell(cell)}", f" {search.wall_letters(walls[row], cell)}")

    for row, at, name in about:
        assert name == words[row][at - 1] or (words[row][at - 1], words[row][at - 2]) == ("+", name)

    for row, at, follows in ordered:
        assert follows == words[row][at + 3 if words[row][at + 1] == "+" else at + 1]

    # each cell but the first is reached once, from a neighbour that is one nearer to the first, says networkx
    found = [(row, words[row][at]) for row, at, _ in reached]
    for row, layout in enumerate(walls):
        ways, centre = graph(layout), cell_of(words[row][words[row].index("around") + 1])
        lengths = nx.single_source_shortest_path_length(ways, centre)
        assert {cell_of(name) for of, name in found if of == row} == lengths.keys() - {centre}
        for at, before in ((at, cell_of(before)) for of, at, before in reached if of == row):
            assert before in ways[cell_of(words[row][at])]
            assert lengths[cell_of(words[row][at])] == lengths[before] + 1
    assert len(found) == len(set(found))


def test_where_the_base_has_to_look_stands_what_comes_next(batch):
    documents, words, tensors = batch
    names, sides, _, about, _, reached = ({(row, at): word for row, at, word in known} for known in known_of(tensors))
    follow, known, back, last, drawn, letters, ends, marked = (
        [
            (row, at, [(row, place) for place in right.nonzero()[:, 0].tolist()])
            for row, at, right in zip(look.rows.tolist(), look.positions.tolist(), look.targets, strict=True)
        ]
        for look in sorted(lessons(tensors, AttentionLesson), key=lambda look: (look.layer, look.head))
    )
    for row, at, there in [*follow, *last]:
        assert [about[place] for place in there] == [words[row][at + 1]]
    for row, at, there in back:
        assert [reached[place] for place in there] == [words[row][at + 1]]
    for row, at, there in drawn:
        assert [sides[place] for place in there] == [words[row][at + 1]]
        assert [names[place] for place in there] == [words[row][at]]
    for row, at, there in letters:
        assert [names[place] for place in there] == [words[row][at + 1]]
        assert [words[row][at] in words[row][place] for _, place in there] == [True]
    for row, at, there in known:
        assert {words[row][place] for _, place in there} == {words[row][at]}
        assert (there == [(row, at)]) == (words[row][at + 1] == "+")
        assert max(there) <= (row, at)

    for row, at, there in ends:
        assert [words[row][place] for _, place in there] == [";" if words[row][at + 1] == "\n" else words[row][at + 1]]

    for row, at, there in marked:
        assert there == [(row, at - 2)]
        assert words[row][at - 1] == "+"

    groups = sum(text.count(";") for text in words)
    assert len(follow) == groups - len(words)
    assert len(known) == 2 * sum(graph(document.maze.walls).number_of_edges() for document in documents)
    assert len(last) == len(follow) + len(reached)
    assert len(drawn) == len(ends) == groups
    assert len(marked) == len(reached)
    assert len(letters) == 4 * len(words)
    assert len(back) > len(follow)


def test_a_look_scores_as_transformers_attends(batch):
    *_, tensors = batch
    model = pretraining.build_model(RECIPES["base"], tokenizer.build())
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        out = model.model(tensors.ids, output_hidden_states=True, output_attentions=True)
        for look in lessons(tensors, AttentionLesson):
            later = torch.ones(tensors.ids.shape[1], tensors.ids.shape[1], dtype=torch.bool).triu(1)
            mine = look.scores(model, out.hidden_states).masked_fill(later, -torch.inf).softmax(-1)
            torch.testing.assert_close(mine, out.attentions[look.layer - 1][:, look.head])
            there = (mine[look.rows, look.positions] * look.targets).sum(-1)
            torch.testing.assert_close(look.loss(model, out.hidden_states, tensors.ids), -there.log().mean())

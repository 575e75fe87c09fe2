"""What the base has to know after its lower layers."""

import re
from dataclasses import replace
from itertools import product

import networkx as nx
import torch
from transformers import AutoModelForCausalLM

from models import tokenizer
from models.recipes import pretrain, texts

from ..mazes.strategies import graph
from ..tiny import RECIPES


def cell_of(name):
    return tuple(map(int, re.findall(r"\d+", name)))


def told(model, documents, known):
    """The share of tokens that the states of a model tell right after one of its layers."""
    ids = pretrain._tensors(RECIPES["base"], documents, tokenizer.build(), 0).ids
    with torch.inference_mode():
        states = model.model(ids, output_hidden_states=True).hidden_states[known.layer]
        state = model.model.norm(states[known.rows, known.places])
        return (known.among[(state @ model.lm_head.weight[known.among].T).argmax(-1)] == known.tokens).float().mean()


def test_the_base_learns_which_cell_a_token_of_a_drawing_is(tmp_path):
    letters = replace(RECIPES["base"], stages=((0, (("letters", 4),)),), cells={"letters": 512}, steps=120)
    before = letters.model(tokenizer.build())
    letters.build({}, tmp_path / "base", tmp_path)
    unseen = letters.documents(1000)
    after = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    names, _ = pretrain._tensors(letters, unseen, tokenizer.build(), 0).known
    assert told(before, unseen, names) < 0.2
    assert told(after, unseen, names) > 0.6


def test_what_the_base_has_to_know_about_its_mazes_is_true():
    recipe, nano = RECIPES["base"], tokenizer.build()
    documents = recipe.documents(recipe.steps - 1)
    batch = pretrain._tensors(recipe, documents, nano, recipe.steps)
    words = [nano.convert_ids_to_tokens(row) for row in batch.ids.tolist()]
    names, sides, letters, numbered, reached = (
        list(zip(known.rows.tolist(), known.places.tolist(), map(nano.decode, known.tokens), strict=True))
        for known in batch.known
    )
    walls = [document.maze.walls for document in documents]
    cells = [(row, cell) for row, layout in enumerate(walls) for cell in product(*map(range, layout.shape))]
    assert [state[:2] for state in names] == [state[:2] for state in sides] == [state[:2] for state in letters]
    for (row, cell), (of, at, name), (*_, side), (*_, letter) in zip(cells, names, sides, letters, strict=True):
        assert of == row
        assert words[row][at] in documents[row].drawing
        assert (letter if letter in "SG" else None) == next((mark for mark in "SG" if mark in words[row][at]), None)
        assert (name, side) == (f" {texts.name(cell)}", f" {texts.sides(walls[row], cell)}")

    for row, at, name in numbered:
        first = words[row].index(words[row][at])  # the number, where its cell is the head or was found
        assert name == words[row][at - 1]
        assert name in (words[row][first - 1], words[row][first + 1])

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

"""What the base is taught inside, while it learns from text: what states have to know, and where heads have to look.

What takes a small model long to learn is never what to say, but where it stands. So the base is taught that, with the
weights that it has:

- **What a state has to know** (deep supervision, Lee et al. 2015, https://arxiv.org/abs/1409.5185). After one of the
  lower layers the state of a cell of the drawing has to be the cell's name, after a later one its sides, both read
  with the model's own output embedding; and so for what a search has to remember: which cell a token is about, and
  from which a cell was reached.
- **Where a head has to look** (supervised attention, Mi et al. 2016, https://aclanthology.org/D16-1249). All that a
  statement needs is one look at the drawing or one look back; some heads of the upper layers are taught to have their
  attention there.

What the second is worth stands in docs/recipes.md: looks that took a thousand steps and more from text alone, or never
came, take some sixty. From text alone a base finds what is mostly right (a number by how far the text has come), and
keeps to it.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from benchmark.mazes.maze import Cell
from models import processes
from models.data.search import wall_letters, write_cell

from .documents import Document
from .settings import PretrainSettings
from .tokenizer import NAMED, SIDES

NAMES: dict[str, Cell] = {f" {write_cell((row, col))}": (row, col) for row, col in product(range(NAMED), repeat=2)}


class Known(NamedTuple):
    """What states after one of the layers have to tell: one token each, told from some others."""

    layer: int
    rows: torch.Tensor  # (states,): whose document
    places: torch.Tensor  # (states,): at which of its tokens
    tokens: torch.Tensor  # (states,): what is to be told
    among: torch.Tensor  # (tokens,), in order: the state may tell other things as well
    other: bool = False  # whether the token that stands there is never the one to be told

    def missed(self, model: LlamaForCausalLM, states: tuple[torch.Tensor, ...], ids: torch.Tensor) -> torch.Tensor:
        """The mean cross-entropy, as far as this process has it; `states` and `ids` are of its own documents."""
        mine, rows, places = _mine(self.rows, self.places)
        among = self.among.to(ids.device)
        scores = model.model.norm(states[self.layer][rows, places]) @ model.lm_head.weight[among].T
        if self.other:
            scores = scores.masked_fill(among == ids[rows, places][:, None], -torch.inf)
        which = torch.searchsorted(self.among, self.tokens[mine]).to(ids.device)
        return cross_entropy(scores, which, reduction="sum") / len(self.tokens)


class Look(NamedTuple):
    """Where one of the heads of a layer has to look."""

    layer: int  # the first is 1
    head: int
    rows: torch.Tensor  # (looks,): in whose document
    places: torch.Tensor  # (looks,): from which of its tokens
    right: torch.Tensor  # (looks, longest): at any of which

    def missed(self, model: LlamaForCausalLM, states: tuple[torch.Tensor, ...], ids: torch.Tensor) -> torch.Tensor:
        """The mean of -log of the attention that is there, as far as this process has it."""
        mine, rows, places = _mine(self.rows, self.places)
        right = self.right[mine].to(ids.device)
        scores = self.scores(model, states)[rows, places]
        later = torch.arange(scores.shape[1], device=ids.device) > places[:, None].to(ids.device)
        everywhere = scores.masked_fill(later, -torch.inf).logsumexp(-1)
        return (everywhere - scores.masked_fill(~right, -torch.inf).logsumexp(-1)).sum() / len(self.rows)

    def scores(self, model: LlamaForCausalLM, states: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """What the head's softmax gets: (documents, tokens, tokens), not yet without what comes later."""
        layer = model.model.layers[self.layer - 1]
        attention = layer.self_attn
        read = layer.input_layernorm(states[self.layer - 1])
        weights = slice(self.head * attention.head_dim, (self.head + 1) * attention.head_dim)
        query, key = (read @ matrix.weight[weights].T for matrix in (attention.q_proj, attention.k_proj))
        turns = model.model.rotary_emb(read, torch.arange(read.shape[1], device=read.device)[None])
        query, key = apply_rotary_pos_emb(query[:, None], key[:, None], *turns)
        return (query @ key.transpose(-1, -2))[:, 0] * attention.scaling


def taught(
    settings: PretrainSettings,
    documents: list[Document],
    ids: torch.Tensor,
    first: list[int],
    tokenizer: PreTrainedTokenizerFast,
    step: int,
) -> list[Known | Look]:
    """Everything that a batch teaches inside at this step.

    Its tokens are `ids`, (documents, longest), and the cells of the drawings begin at these tokens.
    """
    read = _Read()
    for row, (document, start) in enumerate(zip(documents, first, strict=True)):
        _drawing(read, row, document, start)
        _statements(read, row, document, start, tokenizer.convert_ids_to_tokens(ids[row].tolist()))
    lessons: dict[str, Known | Look] = {}
    for layer, states in read.known.items():
        lessons[layer] = _known(getattr(settings, layer), states, tokenizer, layer)
    for (layer, head), looks in sorted(read.looks.items()):
        lessons[f"{layer} {head}"] = _look(getattr(settings, layer), head, looks, ids.shape[1])
    return [lesson for name, lesson in lessons.items() if step >= settings.taught_from_step.get(name, 0)]


class _Read:
    """What is to be learned inside from documents, by row and token."""

    def __init__(self) -> None:
        self.known: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        """What the state of a token has to tell, by the recipe's name for the layer after which it has to."""
        self.looks: defaultdict[tuple[str, int], list[tuple[int, int, list[int]]]] = defaultdict(list)
        """At which tokens a head has to look from a token, by the recipe's name for its layer."""


def _drawing(read: _Read, row: int, document: Document, start: int) -> None:
    """Each cell of the drawing has to know its name, then its sides, and the letter in it."""
    walls = document.maze.walls
    cells = product(range(document.maze.rows), range(document.maze.cols))
    for at, cell in enumerate(cells, start):
        read.known["named"].append((row, at, f" {write_cell(cell)}"))
        read.known["sided"].append((row, at, f" {wall_letters(walls, cell)}"))
        letter = {document.maze.start: "S", document.maze.goal: "G"}.get(cell, " -")
        read.known["lettered"].append((row, at, letter))


def _statements(read: _Read, row: int, document: Document, start: int, words: list[str]) -> None:
    """What the states of a document's statements have to know, and from where which head has to look where."""
    cols = document.maze.cols
    line, told = "", False
    heads: list[int] = []  # where the sides of the heads of groups are told
    marks: list[int] = []  # where a neighbour is marked as new
    listed: defaultdict[str, list[int]] = defaultdict(list)  # where each cell is named as a neighbour, or as the centre
    link: dict[str, int] = {}  # where each cell is named as the one that was reached before another

    def drawn(cell: Cell) -> list[int]:
        return [start + cell[0] * cols + cell[1]]

    for at in range(start + document.maze.rows * cols, len(words) - 1):
        before, word, after = words[at - 1 : at + 2]
        if before == "\n":
            line, told = word, False
        if word in "SG" and before == "\n":
            read.looks["seeing", 1].append((row, at, drawn(document.maze.start if word == "S" else document.maze.goal)))
        elif word == ":":
            told = True
        elif word in NAMES and after in SIDES:
            read.looks["seeing", 0].append((row, at, drawn(NAMES[word])))
            if not listed:
                listed[word].append(at)
        elif line == "from" and told and word in NAMES and after in NAMES:
            read.looks["looking", 2].append((row, at, listed[word][:1]))
        if line != "around" or not told:
            continue
        if word in SIDES:
            read.known["celled"].append((row, at, before))
            if heads:
                read.looks["looking", 2].append((row, at, listed[before][:1]))
            heads.append(at)
        elif word == "+":
            read.known["celled"].append((row, at, before))
            read.looks["looking", 3].append((row, at, marks[-1:] or heads[-1:]))
            marks.append(at)
        elif word == ";":
            head = words[heads[-1] - 1]
            read.looks["seeing", 2].append((row, at, [link.get(head, at)]))
            if after in NAMES:
                read.looks["looking", 3].append((row, at, heads[-1:]))
        elif word in NAMES and before == "+":
            read.known["celled"].append((row, at, words[at - 2]))
            read.looks["seeing", 3].append((row, at, [at - 2]))
            link[word] = at
        elif word in NAMES and before == ";":
            read.looks["looking", 0].append((row, at, [link[word]]))
        elif word in NAMES and after not in SIDES:
            read.looks["looking", 1].append((row, at, listed[word] or [at]))
            read.known["ordered"].append((row, at, words[at + 3] if after == "+" else after))
            listed[word] = [*listed[word], at]
            if after == "+":
                read.known["reached"].append((row, at, words[heads[-1] - 1]))


def _look(layer: int, head: int, looks: list[tuple[int, int, list[int]]], longest: int) -> Look:
    rows, places, there = zip(*looks, strict=True)
    right = torch.zeros(len(rows), longest, dtype=torch.bool)
    for at, tokens in enumerate(there):
        right[at, tokens] = True
    return Look(layer, head, torch.tensor(rows), torch.tensor(places), right)


def _known(layer: int, states: list[tuple[int, int, str]], tokenizer: PreTrainedTokenizerFast, what: str) -> Known:
    rows, places, told = zip(*states, strict=True)
    tokens = torch.tensor(tokenizer.convert_tokens_to_ids(list(told)))
    among = {"celled": [*NAMES], "reached": [*NAMES], "ordered": [*NAMES, ";"]}.get(what)
    some = torch.tensor(tokenizer.convert_tokens_to_ids(among)) if among else tokens
    return Known(layer, torch.tensor(rows), torch.tensor(places), tokens, some.unique(), other=what == "reached")


def _mine(rows: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Which of the rows are this process's, where they are among its own, and the places in them."""
    rank, count = processes.rank(), processes.count()
    mine = rows % count == rank
    return mine, rows[mine] // count, places[mine]

"""Additional losses of pretraining: what states have to predict, and where attention heads have to look.

A small model is quick to learn what to write, and slow to learn where to find it. Therefore two kinds of losses are
added to the loss on the text. They use the weights that the model has; no weight is added for them.

- **What a state has to predict** (deep supervision, Lee et al. 2015, https://arxiv.org/abs/1409.5185). After one of the
  lower layers, the state of a drawn cell has to predict the name of the cell; after a later layer, its sides. Both are
  read with the output embedding of the model. States of a search have to predict which cell a token is about, and from
  which cell a cell was reached.
- **Where a head has to look** (supervised attention, Mi et al. 2016, https://aclanthology.org/D16-1249). Each token of
  a statement follows from one look at the drawing or one look back. Some heads of the upper layers are trained to have
  their attention there.

Without the second loss, looks take a thousand steps and more to learn, or are never learned; with it, about sixty
(docs/history.md). From the text alone, a base learns a shortcut that is mostly right (a number from the length of the
text so far) and keeps it.
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
"""The token of each cell's name, and the cell."""


class StateLesson(NamedTuple):
    """What states after one of the layers have to predict: one token each, out of some candidates."""

    layer: int  # the first is 1; 0 is the embeddings
    rows: torch.Tensor  # (states,): the document of each state
    positions: torch.Tensor  # (states,): its token in the document
    token_ids: torch.Tensor  # (states,): the token to predict
    candidates: torch.Tensor  # (tokens,), sorted: the state may contain other things as well
    excludes_input: bool = False  # whether the token at the position itself is never the right one

    def loss(self, model: LlamaForCausalLM, states: tuple[torch.Tensor, ...], ids: torch.Tensor) -> torch.Tensor:
        """The share of this process in the mean cross-entropy; `states` and `ids` are those of its documents."""
        selected, rows, positions = _select_local(self.rows, self.positions)
        candidates = self.candidates.to(ids.device)
        scores = model.model.norm(states[self.layer][rows, positions]) @ model.lm_head.weight[candidates].T
        if self.excludes_input:
            scores = scores.masked_fill(candidates == ids[rows, positions][:, None], -torch.inf)
        targets = torch.searchsorted(self.candidates, self.token_ids[selected]).to(ids.device)
        # divided by the number of states of all processes: their sums add up to the mean
        return cross_entropy(scores, targets, reduction="sum") / len(self.token_ids)


class AttentionLesson(NamedTuple):
    """Where one of the heads of a layer has to look."""

    layer: int  # the first is 1
    head: int
    rows: torch.Tensor  # (looks,): the document of each look
    positions: torch.Tensor  # (looks,): the token from which the head looks
    targets: torch.Tensor  # (looks, longest): True at the tokens of which one has to be looked at

    def loss(self, model: LlamaForCausalLM, states: tuple[torch.Tensor, ...], ids: torch.Tensor) -> torch.Tensor:
        """The share of this process in the mean of -log of the attention to the targets."""
        selected, rows, positions = _select_local(self.rows, self.positions)
        targets = self.targets[selected].to(ids.device)
        scores = self.scores(model, states)[rows, positions]
        later = torch.arange(scores.shape[1], device=ids.device) > positions[:, None].to(ids.device)
        everywhere = scores.masked_fill(later, -torch.inf).logsumexp(-1)
        return (everywhere - scores.masked_fill(~targets, -torch.inf).logsumexp(-1)).sum() / len(self.rows)

    def scores(self, model: LlamaForCausalLM, states: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """The input of the head's softmax, (documents, tokens, tokens), before later tokens are masked.

        It is computed from the states again, because fast implementations of attention do not return it.
        """
        layer = model.model.layers[self.layer - 1]
        attention = layer.self_attn
        normed = layer.input_layernorm(states[self.layer - 1])
        weights = slice(self.head * attention.head_dim, (self.head + 1) * attention.head_dim)
        query, key = (normed @ matrix.weight[weights].T for matrix in (attention.q_proj, attention.k_proj))
        rotations = model.model.rotary_emb(normed, torch.arange(normed.shape[1], device=normed.device)[None])
        query, key = apply_rotary_pos_emb(query[:, None], key[:, None], *rotations)
        return (query @ key.transpose(-1, -2))[:, 0] * attention.scaling


Lesson = StateLesson | AttentionLesson


class TokenizedDocuments(NamedTuple):
    """Documents about mazes of one size, and their tokens."""

    documents: list[Document]
    ids: torch.Tensor  # (documents, longest), padded at the end
    first_cells: list[int]  # the position of the first cell of each drawing


def build_lessons(
    settings: PretrainSettings, tokenized: TokenizedDocuments, tokenizer: PreTrainedTokenizerFast, step: int
) -> list[Lesson]:
    """All lessons of a batch that are taught at this step."""
    targets = _Targets()
    for row, (document, first_cell) in enumerate(zip(tokenized.documents, tokenized.first_cells, strict=True)):
        _read_drawing(targets, row, document, first_cell)
        words = tokenizer.convert_ids_to_tokens(tokenized.ids[row].tolist())
        _StatementReader(targets, row, document, first_cell, words).read()
    lessons: dict[str, Lesson] = {}
    for layer_name, states in targets.states.items():
        lessons[layer_name] = _state_lesson(getattr(settings, layer_name), states, tokenizer, layer_name)
    longest = tokenized.ids.shape[1]
    for (layer_name, head), looks in sorted(targets.looks.items()):
        lessons[f"{layer_name} {head}"] = _attention_lesson(getattr(settings, layer_name), head, looks, longest)
    return [lesson for name, lesson in lessons.items() if step >= settings.taught_from_step.get(name, 0)]


class _Targets:
    """What the lessons of a batch teach, collected from its documents.

    Layers have the names of their fields in `PretrainSettings`.
    """

    def __init__(self) -> None:
        self.states: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        """By layer: row and position of a state, and the token that it has to predict."""
        self.looks: defaultdict[tuple[str, int], list[tuple[int, int, list[int]]]] = defaultdict(list)
        """By layer and head: row and position of a look, and the positions of which one has to be looked at."""


def _read_drawing(targets: _Targets, row: int, document: Document, first_cell: int) -> None:
    """Each drawn cell has to predict its name, its sides, and the letter in it."""
    walls = document.maze.walls
    cells = product(range(document.maze.rows), range(document.maze.cols))
    for position, cell in enumerate(cells, first_cell):
        targets.states["named"].append((row, position, f" {write_cell(cell)}"))
        targets.states["sided"].append((row, position, f" {wall_letters(walls, cell)}"))
        letter = {document.maze.start: "S", document.maze.goal: "G"}.get(cell, " -")
        targets.states["lettered"].append((row, position, letter))


class _StatementReader:
    """Collects the targets of the statements of one document, token by token.

    A look is a target when the token after it can be copied from what is looked at: from a drawn cell (its sides or its
    name), or from a token whose state already predicts the next one (`celled`, `reached`).
    """

    def __init__(self, targets: _Targets, row: int, document: Document, first_cell: int, words: list[str]) -> None:
        self.targets, self.row, self.document, self.first_cell, self.words = targets, row, document, first_cell, words
        self.statement = ""  # the first word of the current line
        self.is_after_colon = False
        self.head_sides: list[int] = []  # positions of the sides of the cell that each group is about
        self.plus_marks: list[int] = []  # positions of the `+` behind new neighbours
        self.listed: defaultdict[str, list[int]] = defaultdict(list)
        """By the name of a cell: the positions where it is the centre or a neighbour in a group."""
        self.behind_plus: dict[str, int] = {}
        """By the name of a cell: its position behind a `+`, as the cell that was reached before the new neighbour."""

    def read(self) -> None:
        """Read all statements; they begin where the drawing ends."""
        for position in range(self.first_cell + self.document.maze.walls.size, len(self.words) - 1):
            before, word = self.words[position - 1 : position + 1]
            if before == "\n":
                self.statement, self.is_after_colon = word, False
            self._read_word(position)
            if self.statement == "around" and self.is_after_colon:
                self._read_search_word(position)

    def _read_word(self, position: int) -> None:
        """What holds in all statements: looks at the drawing, and the steps of a path."""
        before, word, after = self.words[position - 1 : position + 2]
        maze = self.document.maze
        if word in "SG" and before == "\n":  # next comes the name of the cell that has this letter
            self._look("seeing", 1, position, self._drawn(maze.start if word == "S" else maze.goal))
        elif word == ":":
            self.is_after_colon = True
        elif word in NAMES and after in SIDES:  # next come the sides of the cell
            self._look("seeing", 0, position, self._drawn(NAMES[word]))
            if not self.listed:
                self.listed[word].append(position)
        elif self.statement == "from" and self.is_after_colon and word in NAMES and after in NAMES:
            # a path goes to the cell from which this one was reached, where the search listed it first
            self._look("looking", 2, position, self.listed[word][:1])

    def _read_search_word(self, position: int) -> None:
        """What holds in the groups of a search: each is about one cell, see `models.data.search`."""
        before, word, after = self.words[position - 1 : position + 2]
        if word in SIDES:  # next comes the first neighbour: the cell from which this one was reached
            self._predict("celled", position, before)
            if self.head_sides:  # the centre was reached from nowhere
                self._look("looking", 2, position, self.listed[before][:1])
            self.head_sides.append(position)
        elif word == "+":  # next comes the cell that was reached before: at the `+` before, else the centre
            self._predict("celled", position, before)
            self._look("looking", 3, position, self.plus_marks[-1:] or self.head_sides[-1:])
            self.plus_marks.append(position)
        elif word == ";":  # the end of the search, unless the cell of this group is named behind a `+`
            cell_name = self.words[self.head_sides[-1] - 1]
            self._look("seeing", 2, position, [self.behind_plus.get(cell_name, position)])
            if after in NAMES:  # next comes the cell of this group again
                self._look("looking", 3, position, self.head_sides[-1:])
        elif word in NAMES and before == "+":
            self._predict("celled", position, self.words[position - 2])
            self._look("seeing", 3, position, [position - 2])
            self.behind_plus[word] = position
        elif word in NAMES and before == ";":  # next comes the cell that was reached after this one
            self._look("looking", 0, position, [self.behind_plus[word]])
        elif word in NAMES and after not in SIDES:
            self._read_neighbour(position, word, after)

    def _read_neighbour(self, position: int, word: str, after: str) -> None:
        """Whether a neighbour is new depends on where it was listed before; nowhere is shown by a look at itself."""
        self._look("looking", 1, position, self.listed[word] or [position])
        self._predict("ordered", position, self.words[position + 3] if after == "+" else after)
        # a new list: the look before holds the old one
        self.listed[word] = [*self.listed[word], position]
        if after == "+":
            self._predict("reached", position, self.words[self.head_sides[-1] - 1])

    def _drawn(self, cell: Cell) -> list[int]:
        """The position of a cell in the drawing."""
        return [self.first_cell + cell[0] * self.document.maze.cols + cell[1]]

    def _predict(self, layer_name: str, position: int, word: str) -> None:
        self.targets.states[layer_name].append((self.row, position, word))

    def _look(self, layer_name: str, head: int, position: int, positions: list[int]) -> None:
        self.targets.looks[layer_name, head].append((self.row, position, positions))


def _attention_lesson(layer: int, head: int, looks: list[tuple[int, int, list[int]]], longest: int) -> AttentionLesson:
    rows, positions, looked_at = zip(*looks, strict=True)
    targets = torch.zeros(len(rows), longest, dtype=torch.bool)
    for number, tokens in enumerate(looked_at):
        targets[number, tokens] = True
    return AttentionLesson(layer, head, torch.tensor(rows), torch.tensor(positions), targets)


def _state_lesson(
    layer: int, states: list[tuple[int, int, str]], tokenizer: PreTrainedTokenizerFast, layer_name: str
) -> StateLesson:
    rows, positions, words = zip(*states, strict=True)
    token_ids = torch.tensor(tokenizer.convert_tokens_to_ids(list(words)))
    # in other lessons the candidates are the tokens that occur
    candidates = {"celled": [*NAMES], "reached": [*NAMES], "ordered": [*NAMES, ";"]}.get(layer_name)
    candidate_ids = torch.tensor(tokenizer.convert_tokens_to_ids(candidates)) if candidates else token_ids
    return StateLesson(
        layer,
        torch.tensor(rows),
        torch.tensor(positions),
        token_ids,
        candidate_ids.unique(),
        excludes_input=layer_name == "reached",  # no cell is reached from itself
    )


def _select_local(rows: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Select what belongs to the documents of this process.

    Returns a mask of the rows, the rows counted among the documents of this process, and the positions in them.
    """
    rank, count = processes.rank(), processes.count()
    selected = rows % count == rank
    return selected, rows[selected] // count, positions[selected]

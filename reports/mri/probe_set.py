"""The texts of a scan: mazes of the suite, balanced by tier and first move, and the places of their tokens.

A text is the prompt of the benchmark and the beginning of a right answer, up to the first move, in the answer format
for which the checkpoint was trained. Both checkpoints of a diff read the same tokens.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.mazes.draw import DRAWINGS, Grid, draw
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.maze import MOVES, Maze, step
from benchmark.mazes.prompt import PromptOptions, prompt
from benchmark.mazes.prompt.en import TAG
from benchmark.mazes.solve import distances
from benchmark.mazes.suite import DEFAULT, SUITES, Case
from models.data import formats, search

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TIERS = ("tiny", "small", "medium")
DRAWING = "compact"


@dataclass(frozen=True)
class Probe:
    """One text."""

    group: str
    case: str
    ids: tuple[int, ...]
    """Its tokens; the token after the last one is the first move."""
    prompt: int
    """The position of the last token of the prompt."""
    cells: tuple[int, ...]
    """The position of the token of each cell in the drawing, row by row."""
    candidates: tuple[int, ...]
    """The tokens of the first moves U, D, L, R; -1 for a move out of the lattice."""
    right: str
    """The moves that begin a shortest path."""

    @cached_property
    def maze(self) -> Maze:
        return SUITES[DEFAULT].case(self.group, self.case).maze


@dataclass(frozen=True)
class ProbeSet:
    """Texts in order of their length, so that batches of neighbours need little padding."""

    probes: tuple[Probe, ...]
    form: str
    """The form of the answer: `search`, `plain` or `chat`."""

    def __len__(self) -> int:
        return len(self.probes)

    @cached_property
    def digest(self) -> str:
        """The sha256 of all tokens and places."""
        return hashlib.sha256(json.dumps([asdict(probe) for probe in self.probes]).encode()).hexdigest()

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """The index of the text of each cell, for arrays with the cells of all texts in order: shape (cells,)."""
        return np.repeat(np.arange(len(self)), [len(probe.cells) for probe in self.probes])

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether U, D, L, R begin a shortest path, shape (texts, 4)."""
        return np.array([[move in probe.right for move in MOVES] for probe in self.probes])

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Whether U, D, L, R stay inside the lattice, shape (texts, 4)."""
        return np.array([[token >= 0 for token in probe.candidates] for probe in self.probes])


def make(
    tokenizer: PreTrainedTokenizerBase, form: str, n: int = 256, tiers: Sequence[str] = TIERS, longest: int = 10**9
) -> ProbeSet:
    """Make `n` texts. `longest` is the largest number of tokens that the model can read.

    Raises CheckpointError where the tokenizer has no offsets or begins two moves with the same token, and where a text
    is too long.
    """
    if not tokenizer.is_fast:
        raise CheckpointError("the tokenizer gives no positions of its tokens in the text: a fast tokenizer is needed")
    probes = [_probe(tokenizer, case, form) for case in _balanced(n, tiers)]
    if (most := max(len(probe.ids) for probe in probes)) >= longest:
        raise CheckpointError(f"the longest text has {most} tokens, and the model reads {longest}: use smaller tiers")
    return ProbeSet(tuple(sorted(probes, key=lambda probe: (len(probe.ids), probe.group, probe.case))), form)


def _balanced(n: int, tiers: Sequence[str]) -> Iterator[Case]:
    """Yield cases of the tiers, in turn one of each combination of tier and first move."""
    waiting: dict[tuple[str, str], deque[Case]] = {(tier, move): deque() for move in MOVES for tier in tiers}
    streams = {tier: _stream(tier) for tier in tiers}
    while True:
        for (tier, _), cases in waiting.items():
            while not cases:
                case = next(streams[tier])
                waiting[tier, search.shortest_moves(case.maze)[0]].append(case)
            yield cases.popleft()
            n -= 1
            if not n:
                return


def _stream(tier: str) -> Iterator[Case]:
    """Yield the cases of a tier without end, with the generators in turn; the suite has only the first of them."""
    suite = SUITES[DEFAULT]
    return (suite.case(tier, f"{generator}-{index:04d}") for index in count() for generator in suite.generators)


def _probe(tokenizer: PreTrainedTokenizerBase, case: Case, form: str) -> Probe:
    maze = case.maze
    question: Any = prompt(maze, PromptOptions(DRAWING, formats.PROMPT_STYLES[form]))
    if form == "chat":
        if tokenizer.chat_template is None:
            raise CheckpointError("the tokenizer has no chat template, and the checkpoint was taught to chat")
        question = tokenizer.apply_chat_template(question, add_generation_prompt=True, tokenize=False)
    encoded = tokenizer(question, return_offsets_mapping=True, add_special_tokens=form != "chat")
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    lead, spoken = _lead(maze, form)
    begun = tokenizer(lead, add_special_tokens=False)["input_ids"]
    moves = [tokenizer(text, add_special_tokens=False)["input_ids"] if text else [] for text in spoken]
    possible = [move for move in moves if move]
    # tokens that all moves have in common, such as a space, belong to the text before the move
    while len({move[0] for move in possible}) == 1 < len(possible) and all(len(move) > 1 for move in possible):
        begun.append(possible[0][0])
        moves = [move[1:] for move in moves]
        possible = [move for move in moves if move]
    if len({move[0] for move in possible}) < len(possible):
        raise CheckpointError("the tokenizer begins two moves with the same token, so that they cannot be told apart")
    left = distances(maze.walls, maze.goal)
    return Probe(
        case.group,
        case.id,
        (*ids, *begun),
        len(ids) - 1,
        tuple(_cells(maze, question, [start for start, end in offsets if end > start], _first(offsets))),
        tuple(move[0] if move else -1 for move in moves),
        "".join(move for move in maze.open_moves(maze.start) if left[step(maze.start, move)] < left[maze.start]),
    )


def _first(offsets: Sequence[tuple[int, int]]) -> int:
    """The number of special tokens, which have no text, at the beginning."""
    return next(index for index, (start, end) in enumerate(offsets) if end > start)


def _lead(maze: Maze, form: str) -> tuple[str, list[str]]:
    """The beginning of a right answer, and the texts of U, D, L, R after it; empty for a move out of the lattice."""
    if form != "search":
        return TAG, [f" {move}" for move in MOVES]
    reply = formats.reply_text(formats.build_reply(maze, search.shortest_moves(maze), form))
    name = f"{TAG}\nS {search.write_cell(maze.start)}"
    lead = reply[: reply.index(name) + len(name)]
    neighbours = [step(maze.start, move) for move in MOVES]
    return lead, [f" {search.write_cell(cell)}" if maze.contains(cell) else "" for cell in neighbours]


def _cells(maze: Maze, text: str, starts: Sequence[int], skipped: int) -> Iterator[int]:
    """Yield the position of the token with the middle of each cell, row by row."""
    drawn, grid = draw(maze, DRAWING), DRAWINGS[DRAWING]
    assert isinstance(grid, Grid)
    begin = text.rindex(drawn)
    lines = [begin]
    for text_line in drawn.split("\n"):
        lines.append(lines[-1] + len(text_line) + 1)
    for row in range(maze.rows):
        for col in range(maze.cols):
            line, column = grid.place(row, col)
            yield skipped + bisect_right(starts, lines[line] + column) - 1

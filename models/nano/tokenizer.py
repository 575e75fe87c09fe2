"""The tokenizer of the nano family: one token for a drawn cell, for the name of a cell, for a word.

On a CPU the time of a reply grows with the length of the prompt. Tokens are therefore units of the maze:

| text | tokens |
| --- | --- |
| a cell of the compact drawing (three characters; the last of a row with the line break) | one |
| a cell of the block drawing with the wall before it (two characters) | one |
| a sentence of the question of the benchmark | one |
| any other text | known words and single ASCII characters; other characters are `<unk>` |

So the cell at row r, column c of an n x n maze is token r * n + c + 1 of its compact drawing.
"""

from __future__ import annotations

import hashlib
import re
from itertools import product
from string import printable
from typing import TYPE_CHECKING

from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.prompt.en import QUESTION

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

WIDEST = 24  # columns of the widest drawing whose first line is one token
NAMED = 20  # cells are named up to (19,19)
UNKNOWN, PAD, END = "<unk>", "<pad>", "<eos>"
WORDS = ("around", "sides", "from", " to", "answer:", " unreachable")
SIDES = [" -", *(" " + "".join(sides) for sides in product(("", "U"), ("", "D"), ("", "L"), ("", "R")) if any(sides))]

# The lookaheads check the rest of the line: only in a drawing do these characters continue to the end of the line.
_TOP_COMPACT = rf" (?:___){{1,{WIDEST - 1}}}__\n\|"
_CELL_COMPACT = r"[ _SG][ _][ _|](?=[ _SG|]*\n)(?:(?<=\|)\n\|)?"
_EDGE_BLOCK = rf"#(?:##){{2,{WIDEST}}}(?=\n)(?:\n(?=#))?"
_CELL_BLOCK = r"[# ][# SG](?=[# SG]*#\n)(?:#\n)?"


def vocabulary() -> list[str]:
    """The tokens in the order of their ids."""
    names = [f" ({row},{col})" for row, col in product(range(NAMED), repeat=2)]
    cells = [a + b + c for a, b, c in product(" _SG", " _", " _|")]
    cells += [cell + "\n|" for cell in cells if cell.endswith("|")]
    pairs = [a + b + end for a, b, end in product("# ", "# SG", ("", "#\n"))]
    tops = [" " + "___" * (cols - 1) + "__\n|" for cols in range(2, WIDEST + 1)]
    edges = ["##" * cols + "#" + end for cols, end in product(range(2, WIDEST + 1), ("", "\n"))]
    drawn = [*tops, *edges, *cells, *pairs]
    tokens = [PAD, END, UNKNOWN, *_phrases(), *names, *drawn, *SIDES, *WORDS, *printable]
    return list(dict.fromkeys(tokens))


def pattern() -> str:
    """The regular expression that splits a text into tokens; a match outside the vocabulary is `<unk>`."""
    fixed = "|".join(re.escape(text) for text in sorted({*_phrases(), *WORDS}, key=lambda text: (-len(text), text)))
    name = r" \((?:1[0-9]|[0-9]),(?:1[0-9]|[0-9])\)"
    sides = r" (?=[UDLR])U?D?L?R?(?![A-Za-z])"
    drawn = [_TOP_COMPACT, _EDGE_BLOCK, _CELL_COMPACT, _CELL_BLOCK]
    return "|".join([fixed, name, sides, " -", *drawn, r"[\s\S]"])


def digest() -> str:
    """The sha256 of vocabulary and pattern."""
    return hashlib.sha256("\n".join([pattern(), *vocabulary()]).encode()).hexdigest()


def build() -> PreTrainedTokenizerFast:
    """Build the tokenizer. Every checkpoint of the family is saved with it."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    ids = {token: number for number, token in enumerate(vocabulary())}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern()), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )


def _phrases() -> list[str]:
    """The sentences of the question before and after a drawing; and its words, for other questions."""
    before, after = QUESTION.split("{drawing}")
    head = before.split("{legend}")[0]
    sentences = [head, after, *(DRAWINGS[drawing].legends["en"].symbols + "\n" for drawing in ("block", "compact"))]
    words = re.findall(r" ?[A-Za-z]{2,}", " ".join(sentences))
    return [*sentences, *words]

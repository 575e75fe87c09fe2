"""What a tokenizer makes of a drawing."""

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from benchmark.mazes.labirinto_v1 import SUITE
from models.audit import Audit, audit
from models.registry import find
from models.weights import Weights

from . import strangers

MAZE = SUITE.cases("medium")[0].maze  # 8x8; as `block` 17 rows of 17 characters


def saved(folder, pattern):
    """A tokenizer whose tokens are what the pattern matches."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    return Weights(folder)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"[\s\S]", Audit(17 * 18 + 1, 36, 36, is_aligned=True)),  # a character each, two lines a row
        (r".{1,2}|\n", Audit(17 * 10 + 1, 20, 20, is_aligned=True)),  # two columns each
        (
            r".*\n",
            Audit(18, 2, 2, is_aligned=True),
        ),  # a line each
        (r"[\s\S]{1,5}", Audit(62, 7, 8, is_aligned=False)),  # over the ends of lines
    ],
)
def test_tokens_from_a_cell_to_the_one_below_are_counted(tmp_path, pattern, expected):
    assert audit(saved(tmp_path, pattern), MAZE, "block") == expected


def test_runs_of_one_character_do_not_align(tmp_path):
    found = audit(saved(tmp_path, r"#+| +|\n"), MAZE, "block")
    assert not found.is_aligned
    assert found.fewest < found.most


def test_the_nano_family_reads_a_cell_as_a_token():
    assert audit(find("base").weights(), MAZE, "compact") == Audit(67, 8, 8, is_aligned=True)


def test_a_stranger_that_merges_what_is_frequent_does_not_align(tmp_path):
    assert not audit(Weights(strangers.save(tmp_path / "gpt2", "GPT2")), MAZE, "compact").is_aligned


def test_without_a_tokenizer_or_rows_nothing_is_said(tmp_path):
    assert audit(Weights(tmp_path), MAZE, "block") is None
    assert audit(find("base").weights(), MAZE, "coordinates") is None

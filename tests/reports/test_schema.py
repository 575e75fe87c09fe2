"""The published schema is that of the types, and errors say in plain words where a value is wrong."""

from pathlib import Path

import pytest

from reports.schema import Provenance, Record, json_schema, parse

FILE = Path(__file__).parents[2] / "reports" / "run.schema.json"


def test_the_published_schema_is_that_of_the_types():
    assert FILE.read_text() == json_schema(), "write it anew: python -m reports.schema > reports/run.schema.json"


def test_every_field_that_is_not_named_for_what_it_holds_is_described():
    assert json_schema().count('"description"') > 50


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"shots": -1}, "shots cannot be -1: it is to be a whole number >= 0"),
        ({"shots": "3"}, "shots cannot be '3': it is to be a whole number"),
        ({"engine": []}, "engine is to be a JSON object"),
        ({"engine": {"sampling": {"temperature": float("nan")}}}, "engine.sampling.temperature cannot be nan"),
        ({"engine": {"flips": {"runs": 1, "replies": 3}}}, "engine.flips.changed is missing"),
        ({"command": ["a", 3]}, r"command\[1\] cannot be 3: it is to be a text"),
        ({"packages": {"torch": 2}}, "a value of packages is not a text"),
        ({"started": "2026-13-45"}, "started cannot be '2026-13-45': it is to be a date and time"),
        (
            {"checkpoint": {"curve": {"loss": [[0, float("inf")]]}}},
            "checkpoint: curve.loss has a point that is no",
        ),
        ({"checkpoint": {"curve": {"loss": [[0]]}}}, r"checkpoint.curve\[...\]|a value of checkpoint.curve"),
        (["a"], "is to be a JSON object"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(value, message):
    with pytest.raises(ValueError, match=message):
        parse(value, Provenance)


def test_what_older_runs_lack_and_later_ones_add_is_no_fault():
    provenance = parse({"suite": "x", "colour": 1, "engine": {"seconds": 2, "later": {}}}, Provenance)
    assert (provenance.suite, provenance.engine.seconds, provenance.engine.sampling.samples) == ("x", 2, 1)
    assert provenance.drawing is None


def test_whole_numbers_stay_whole_where_fractions_are_allowed():
    values = ["tiny", "dfs-0000", 0, "ab", {"turns": 1, "branching": 0.5, "x": None}, "wall", "wall", "", "UD"]
    names = Record.__struct_fields__
    record = parse(dict(zip(names, [*values, 1, 2, 0, 0, 0, None, 1, ""], strict=True)), Record)
    assert repr((record.progress, record.covariates["turns"])) == "(0, 1)"

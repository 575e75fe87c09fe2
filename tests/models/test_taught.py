"""What the base was taught inside is known from the records of checkpoints."""

import inspect
import re

from models import store
from models.checkpoints.built import SHIPPED
from models.nano import supervision
from models.nano.taught import WORDS, sentences, taught_inside
from models.recipes import RECIPES
from models.registry import Choices, built


def test_every_lesson_of_the_supervision_has_its_words():
    """The names by which `supervision` asks the recipe for a layer."""
    source = inspect.getsource(supervision)
    lessons = set(re.findall(r'(?:states\[|_predict\(|_look\()"(\w+)"', source))
    assert lessons == set(WORDS)


def test_the_shipped_base_says_what_it_was_taught_and_in_which_layer():
    taught = taught_inside([store.read_record(SHIPPED / "base")])
    assert taught == {name: getattr(RECIPES["base"], name) for name in WORDS}
    assert "layer 3: the state of each drawn cell tells its sides (where it has walls)" in sentences(taught)
    assert sentences(taught, ["seeing", "named"])[0].startswith("layer 2: the state of each drawn cell is its name")


def test_a_fine_tune_inherits_it_from_what_it_was_built_from():
    recipe = RECIPES["base"].describe()
    record, parent = {"recipe": {"method": "sft"}}, {"recipe": recipe}
    assert taught_inside([record, parent]) == taught_inside([parent])
    exported = {"recipe": {"method": "sft"}, "taught_inside": {"sided": 3}}
    assert taught_inside([exported]) == {"sided": 3}


def test_a_third_party_model_was_taught_nothing_that_is_known():
    assert taught_inside([None]) == taught_inside([{"recipe": {"method": "sft"}}, None]) == {}
    assert sentences({}) == []


def test_the_model_cards_of_a_base_and_of_its_fine_tunes_say_it(tiny_recipes):
    for name in ("base", "sft"):
        folder = built(name, choices=Choices(rebuild_base=True)).weights().folder
        assert store.read_record(folder)["taught_inside"] == taught_inside([{"recipe": RECIPES["base"].describe()}])
        card = (folder / "README.md").read_text()
        assert "no finding about this model\nthat a probe reads it" in card
        assert "- layer 1: the state of each drawn cell tells its sides (where it has walls)" in card

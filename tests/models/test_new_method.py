"""A method is one new file (here tests/extensions/kto.py) and one line in RECIPES."""

import pytest

from models import registry, store
from models.recipes import RECIPES

from ..asking import ask, requests
from ..extensions.kto import KTO
from ..tiny import SMALL


@pytest.fixture
def kto(monkeypatch, tiny_recipes):
    monkeypatch.setitem(RECIPES, "kto", KTO(**SMALL, num_examples=16))  # the one line


def test_a_new_method_is_built_listed_and_asked(kto, capsys):
    checkpoint = registry.find("kto")
    assert checkpoint.parent == registry.find("sft")
    assert len(ask(checkpoint, requests("tiny", 2))) == 2
    record = store.read_record(checkpoint.place())
    assert record["recipe"]["method"] == "kto"
    assert record["loss"] > 0
    assert "made by the recipe `kto` from `sft`" in (checkpoint.place() / "README.md").read_text()


def test_a_new_method_has_settings_an_adapter_and_other_peoples_models(kto, tmp_path, tiny_model):
    settings = {"recipe": "kto", "from": str(tiny_model), "learning_rate": 1e-4}
    mine = registry.find("mine", registry.Choices({"mine": settings}))
    assert (mine.recipe.learning_rate, mine.recipe.answer_format, mine.recipe.lora_rank) == (1e-4, "plain", 16)
    assert registry.find("kto-lora").recipe.lora_rank == 32
    with pytest.raises(Exception, match=r"kto has no setting 'epochs'\. Its settings are .*beta"):
        registry.built("kto", epochs=3)

"""`python -m models` as a person uses it."""

import json

import pytest

from models.__main__ import main
from models.recipes import RECIPES
from models.registry import find

from ..asking import ask, requests


def test_checkpoints_are_built_listed_shown_and_removed(tiny_recipes, capsys, tmp_path):
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("not built") == len(RECIPES)
    assert main(["build", "sft"]) == 0
    assert f"sft: {tmp_path / 'home'}" in capsys.readouterr().out
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert out.count("not built") == len(RECIPES) - 2  # its parent was built too
    assert main(["show", "sft"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["digest"] == find("sft").digest()
    assert card["parent"] == {"name": "base", "digest": find("base").digest()}
    assert main(["remove", "sft"]) == 0
    assert find("sft").is_missing
    assert not find("base").is_missing


def test_a_checkpoint_is_exported_with_its_card_and_answers_the_same(tiny_recipes, capsys, tmp_path):
    assert main(["build", "sft", "sft-lora"]) == 0
    for name, more in (("sft", []), ("sft-lora", []), ("sft-lora", ["--merged"])):
        folder = tmp_path / f"{name}{len(more)}"
        assert main(["export", name, str(folder), *more]) == 0
        text = (folder / "README.md").read_text()
        assert text.startswith("---\n")
        assert "![Training curve](curve.svg)" in text
        assert (folder / "curve.svg").is_file()
        assert str(tmp_path) not in text
        replies = [[reply.text for reply in ask(find(one), requests("tiny", 2))] for one in (name, str(folder))]
        if (folder / "adapter_config.json").is_file():
            assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"] != ""
        assert replies[0] == replies[1]
    assert main(["export", "sft", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_names_of_ones_own_are_listed_and_built(tiny_recipes, capsys, tmp_path):
    (tmp_path / "names.toml").write_text('short = {recipe = "sft", examples = 16}\nwho = "oracle"\n')
    assert main(["--checkpoints", str(tmp_path / "names.toml"), "list"]) == 0
    out = capsys.readouterr().out
    assert "short" in out
    assert "oracle" in out
    assert main(["--checkpoints", str(tmp_path / "names.toml"), "build", "short"]) == 0
    assert main(["--checkpoints", str(tmp_path / "nowhere.toml"), "list"]) == 2
    assert "cannot read the names of checkpoints" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "stf"], "no checkpoint 'stf'"),
        (["show", "sft"], "sft is not built: `python -m models build sft` builds it"),
        (["remove", "sft"], "sft is not in the store"),
        (["show", "oracle"], "oracle is not made by a recipe"),
        (["export", "sft", "folder"], "sft is not built"),
        (["push", "sft", "org/name"], "sft is not built"),
        (["remove", "../../etc"], "no model in "),
        (["remove", "../../etc/no"], "no checkpoint '../../etc/no'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(tiny_recipes, tmp_path, monkeypatch, capsys, arguments, message):
    (here := tmp_path / "some/folder").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(here)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err

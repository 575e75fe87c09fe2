"""What must not change when code is moved or renamed: reports of saved runs, and the addresses of checkpoints.

Where a heading is renamed on purpose, write the file anew and read the difference: `LABIRINTO_GOLDEN=write`.
"""

import json
import os
from pathlib import Path

import pytest

from models import registry
from models.recipes import RECIPES
from reports.__main__ import main

HERE = Path(__file__).parent / "golden"
RUNS = [f"golden-{name}.jsonl" for name in ("sft", "greedy", "base")]


def check(file: str, text: str) -> None:
    if os.environ.get("LABIRINTO_GOLDEN") == "write":
        (HERE / file).write_text(text)
    assert text == (HERE / file).read_text()


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize("form", ["csv", "json", "latex", "markdown"])
def test_reports_of_saved_runs_stay_as_they_are(form, tmp_path):
    assert main(["show", *RUNS, "--report", f"{form}={tmp_path / 'report'}"]) == 0
    check(f"report.{form}", (tmp_path / "report").read_text())


def test_the_tables_of_saved_runs_stay_as_they_are(capsys):
    assert main(["show", *RUNS]) == 0
    check("report.txt", capsys.readouterr().out)


def test_a_comparison_of_saved_runs_stays_as_it_is(capsys):
    assert main(["compare", RUNS[0], RUNS[1], "--show-changes"]) == 1
    check("compare.txt", capsys.readouterr().out)


@pytest.mark.parametrize("name", json.loads((HERE / "recipes.json").read_text()))
def test_a_recipe_keeps_its_description_and_its_address(name):
    """As long as both stay, checkpoints that are built stay too."""
    recorded = json.loads((HERE / "recipes.json").read_text())[name]
    if name.endswith(":chat"):
        recipe, digest = RECIPES[name.removesuffix(":chat")].for_third_party("chat"), None
    else:
        choices = registry.Choices(lora=name.endswith("-lora"))
        checkpoint = registry.built(name.removesuffix("-lora"), choices=choices)
        recipe, digest = checkpoint.recipe, checkpoint.digest()
    assert json.loads(json.dumps(recipe.describe())) == recorded["describe"]
    assert digest == recorded.get("digest")

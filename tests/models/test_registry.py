import json
import shutil
from dataclasses import replace

import pytest

from benchmark.mazes.errors import CheckpointError
from models import checkpoints, load, registry, store
from models.checkpoints import Folder, Hub
from models.recipes import RECIPES
from models.recipes.sft import Sft
from models.registry import Choices, find


def test_names_and_folders_are_found(tiny_model):
    assert find("oracle").is_agent
    assert (find("sft").name, find("sft").recipe, find("sft").parent) == ("sft", RECIPES["sft"], find("base"))
    found = find(str(tiny_model))
    assert (found.name, found.weights().folder) == ("tiny", tiny_model)
    assert find("org/name") == Hub("org/name", "org/name", None)
    assert find("org/name@v1.0") == Hub("org/name@v1.0", "org/name", "v1.0")


def test_an_unknown_name_lists_the_names():
    with pytest.raises(
        CheckpointError,
        match=r"base, sft, dpo, orpo, rlhf, rlvr .*oracle, wall-follower, greedy.*mine \(your own\)",
    ):
        find("stf", Choices({"mine": "sft"}))


@pytest.mark.parametrize("name", ["../nowhere/at", "./nowhere", "/nowhere", "a/b/c", "base:sft", "base-lora", "sft:"])
def test_names_that_are_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name == "sft:":
        assert find(name).parent == find("base")
        return
    with pytest.raises(CheckpointError):
        find(name)


def test_a_judge_is_not_asked():
    with pytest.raises(CheckpointError, match="reward values replies and gives none"):
        find("reward")


def test_a_folder_without_a_model_says_what_was_looked_for(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json and \*\.safetensors, or adapter_config\.json"):
        find(str(tmp_path))


def test_the_digest_follows_every_setting_the_parent_and_the_judge(monkeypatch):
    first = {name: find(name).digest() for name in ("sft", "rlhf")}
    changes = [
        ("sft", Sft(rate=2e-3)),
        ("sft", Sft(seed=2)),
        ("base", replace(RECIPES["base"], layers=3)),
        ("reward", replace(RECIPES["reward"], rate=1e-5)),
    ]
    changed = {"sft": [], "rlhf": []}
    for name, recipe in changes:
        with monkeypatch.context() as patch:
            patch.setitem(RECIPES, name, recipe)
            for of in changed:
                changed[of].append(find(of).digest())
    assert len({first["sft"], *changed["sft"][:3]}) == 4
    assert changed["sft"][3] == first["sft"]
    assert len({first["rlhf"], *changed["rlhf"]}) == 5
    assert find("sft", Choices(rebuild_base=True)).digest() != first["sft"]
    assert find("sft-lora").digest() != first["sft"]


def test_the_shipped_base_is_the_product_of_the_recipe_that_stands_here():
    shipped = checkpoints.SHIPPED / "base"
    card = json.loads((shipped / store.CARD).read_text())
    assert card["digest"] == find("base").digest()
    assert find("base").weights().folder == shipped
    assert card["weights"] == load.digest(shipped)
    assert sum(file.stat().st_size for file in shipped.iterdir()) < 8e6


def test_the_shipped_base_is_left_alone_where_one_is_to_be_trained(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))
    assert find("base", Choices(rebuild_base=True)).is_missing
    assert not find("base").is_missing


@pytest.mark.parametrize("spoil", ["flip", "cut", "card", "gone"])
def test_spoilt_weights_are_found_named_and_built_again(tiny_recipes, capsys, spoil):
    folder = find("base").weights().folder
    weights, card = folder / "model.safetensors", folder / store.CARD
    before = weights.read_bytes()
    if spoil == "flip":
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    elif spoil == "cut":
        weights.write_bytes(before[:-100])
    elif spoil == "card":
        card.write_text("{")
    else:
        weights.unlink()
    assert find("base").place() is None
    capsys.readouterr()
    assert find("base").weights().folder == folder
    told = capsys.readouterr().out
    assert "base is built again" in told
    assert str(card if spoil == "card" else folder) in told
    assert weights.read_bytes() == before  # the same seed on one machine: bit for bit


def test_a_shipped_checkpoint_that_was_changed_says_how_to_bring_it_back(monkeypatch, tmp_path):
    shutil.copytree(checkpoints.SHIPPED, tmp_path / "shipped")
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    weights = tmp_path / "shipped" / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(CheckpointError, match=r"model\.safetensors are not those that were built.*git checkout"):
        find("base").place()


def test_names_of_ones_own(tiny_model, tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text(
        f"""
        [tool.labirinto.checkpoints]
        mine = "{tiny_model}"
        short = {{recipe = "sft", examples = 3200, sizes = [4, 5]}}
        after = {{recipe = "dpo", from = "short", kinds = {{wall = 1}}}}
        other = {{recipe = "sft", from = "mine", style = "plain"}}
        """
    )
    choices = Choices(registry.read_names(file))
    mine, short, after, other = (find(name, choices) for name in ("mine", "short", "after", "other"))
    assert mine == Folder("mine", tiny_model)
    assert (short.recipe.examples, short.recipe.sizes, short.name) == (3200, (4, 5), "short")
    assert (after.parent, after.recipe.kinds) == (short, {"wall": 1})
    assert (other.parent.path, other.recipe.style, other.recipe.lora) == (tiny_model, "plain", 16)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = 3", "x is a text or a table with a recipe, not 3"),
        ("x = {recipe = 'stf'}", "x needs a recipe, one of base, sft.* not 'stf'"),
        ("x = {from = 'sft'}", "x needs a recipe"),
        ("x = {recipe = 'sft', exmples = 3}", "sft has no setting 'exmples'; it has batch"),
        ("x = {recipe = 'sft', parent = 'dpo'}", "sft has no setting 'parent'"),
        ("x = {recipe = 'sft', examples = 'many'}", "examples of sft is .* by default, and cannot be 'many'"),
        ("x = {recipe = 'sft', from = 'oracle'}", "oracle is an agent: sft cannot be built from it"),
        ("x = {recipe = 'sft', from = 'x'}", "no checkpoint 'x'"),
        ("x = ", "cannot read the names of checkpoints"),
    ],
)
def test_names_that_say_nothing_are_told_with_what_is_wrong(tmp_path, line, message):
    file = tmp_path / "names.toml"
    file.write_text(line)
    with pytest.raises(CheckpointError, match=message):
        find("x", Choices(registry.read_names(file)))


def test_a_file_of_names_has_to_be_there_if_it_is_asked_for(tmp_path):
    assert registry.read_names(tmp_path / "pyproject.toml", needed=False) == {}
    with pytest.raises(CheckpointError, match="cannot read the names"):
        registry.read_names(tmp_path / "names.toml")

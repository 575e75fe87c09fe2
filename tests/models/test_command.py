"""`python -m models` as a person uses it."""

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmark.mazes.errors import CheckpointError
from models import hub
from models.__main__ import main
from models.card import metadata
from models.checkpoints.lineage import model_card
from models.inference.reply_cache import Cache, place
from models.recipes import RECIPES
from models.registry import find
from models.requests import Reply

from ..asking import ask, requests
from ..conftest import ROOT


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
    assert "already exists" in capsys.readouterr().err


def test_names_of_ones_own_are_listed_and_built(tiny_recipes, capsys, tmp_path):
    (tmp_path / "names.toml").write_text('short = {recipe = "sft", num_examples = 16}\nwho = "oracle"\n')
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
        (["show", "sft"], "sft is not built. Run `python -m models build sft` first"),
        (["remove", "sft"], "sft is not in the store"),
        (["show", "oracle"], "oracle is not the product of a recipe"),
        (["export", "sft", "folder"], "sft is not built"),
        (["push", "sft", "org/name"], "sft is not built"),
        (["remove", "../../etc"], "no model in "),
        (["remove", "../../etc/no"], "no checkpoint '../../etc/no'"),
        (["check", "sft"], "sft is not built. Run `python -m models build sft` first"),
        (["check", "sft-lora"], "sft-lora is not built"),
        (["remove", "sft", "stf"], "sft is not in the store"),
        (["cache", "prune"], "select the replies to delete: --checkpoint NAME, --older-than DAYS, or --all"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(tiny_recipes, tmp_path, monkeypatch, capsys, arguments, message):
    (here := tmp_path / "some/folder").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(here)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_cards_of_fine_tunes_of_ours_and_that_only_build_starts_a_training(tiny_recipes, capsys, tmp_path):
    assert main(["build", "sft", "sft-lora"]) == 0
    assert main(["export", "sft-lora", str(tmp_path / "whole"), "--merged"]) == 0
    for folder, relation, base, library in (
        (find("sft").weights().folder, "finetune", "base", "transformers"),
        (find("sft-lora").weights().folder, "adapter", "base", "peft"),
        (tmp_path / "whole", "finetune", "base", "transformers"),
        (find("base").weights().folder, None, None, "transformers"),
    ):
        header = metadata(folder / "README.md")
        assert (header["license"], header["library_name"]) == ("apache-2.0", library)
        assert (header.get("base_model_relation"), header.get("base_model")) == (relation, base)
    assert main(["remove", "base"]) == 0
    capsys.readouterr()
    assert main(["show", "sft"]) == 0
    assert main(["export", "sft", str(tmp_path / "sft")]) == 0
    for command in (["check", "sft-lora"], ["export", "sft-lora", str(tmp_path / "merged"), "--merged"]):
        assert main(command) == 2
        assert "base is not built. Run `python -m models build base` first" in capsys.readouterr().err
    assert find("base").is_missing
    assert not (tmp_path / "merged").exists()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "goes"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_at_a_terminal_it_asks_before_it_deletes(tiny_recipes, monkeypatch, typed, goes):
    folder = find("base").weights().folder
    with closing(Cache()) as cache:
        cache.put({b"key": Reply("R", 1, False)}, "base", "transformers")
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    monkeypatch.setattr("sys.stdout", shown := Terminal())
    assert main(["cache", "prune", "--all"]) == 0
    assert f"Delete 1 replies in {place()}? [y/N]" in shown.getvalue()
    assert f"deleted {int(goes)} replies" in shown.getvalue()
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert main(["remove", "base"]) == 0
    assert str(folder) in shown.getvalue()
    assert folder.is_dir() is not goes


def test_a_dry_run_lists_and_deletes_nothing_and_a_script_is_not_asked(tiny_recipes, capsys):
    folder = find("base").weights().folder
    with closing(Cache()) as cache:
        cache.put({b"1": Reply("R", 1, False), b"2": Reply("R", 1, False)}, "base", "transformers")
        cache.put({b"3": Reply("R", 1, False)}, "sft", "vllm")
    capsys.readouterr()
    assert main(["remove", "base", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert str(folder) in out
    assert "would delete 1 checkpoint (" in out
    assert folder.is_dir()
    assert main(["cache", "prune", "--checkpoint", "base", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert ("transformers" in out, "vllm" in out) == (True, False)
    assert f"would delete 2 replies in {place()}" in out
    assert main(["cache", "prune", "--older-than", "1"]) == 0
    assert "deleted 0 replies" in capsys.readouterr().out
    assert main(["cache", "prune", "--checkpoint", "base"]) == 0
    assert "deleted 2 replies" in capsys.readouterr().out
    assert main(["remove", "base"]) == 0
    assert not folder.exists()


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "-inf", "soon", "-0.001", ""])
def test_an_age_that_is_none_is_refused(capsys, days):
    with pytest.raises(SystemExit, match="2"):
        main(["cache", "prune", f"--older-than={days}"])
    assert f"{days!r} is not a number of days: use 0 or more" in capsys.readouterr().err


COMMANDS = {"models": "list", "benchmark.mazes": "draw", "reports": "list"}


@pytest.mark.parametrize("module", COMMANDS)
def test_a_reader_that_has_left_is_no_traceback_and_no_success(module, tmp_path):
    """As `| head` leaves; that nobody reads may show when the command prints, or only when Python ends."""
    read, write = os.pipe()
    os.close(read)
    ended = _run_with_output(write, module, tmp_path)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
@pytest.mark.parametrize("module", COMMANDS)
def test_a_full_disk_behind_the_output_is_told_in_a_line(module, tmp_path):
    with Path("/dev/full").open("wb") as full:
        ended = _run_with_output(full, module, tmp_path)
    assert (ended.returncode, ended.stderr) == (2, b"cannot write the output: No space left on device\n")


def _run_with_output(output, module, home):
    return subprocess.run(
        [sys.executable, "-m", module, COMMANDS[module]],
        stdout=output,
        stderr=subprocess.PIPE,
        env=os.environ | {"LABIRINTO_HOME": str(home)},
        cwd=ROOT,
        check=False,
    )


def test_ctrl_c_is_told_in_a_word(monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("models.__main__._list", stop)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "\nstopped\n"


def test_a_push_without_a_network_is_told_in_a_line(monkeypatch, tmp_path):
    from huggingface_hub import HfApi

    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi("http://127.0.0.1:9", "secret"))
    with pytest.raises(
        CheckpointError, match=r"cannot push to org/new: .* A push needs a network connection and a token"
    ) as error:
        hub.push(tmp_path, "org/new", private=True)
    assert "\n" not in str(error.value)


APACHE = "---\nlicense: apache-2.0\n---\n"
LLAMA = "---\nlicense: other\nlicense_name: llama3\nlicense_link: https://example.org/llama\n---\n"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (APACHE, {"license": "apache-2.0"}),
        (LLAMA, {"license": "other", "license_name": "llama3", "license_link": "https://example.org/llama"}),
        ("# No header\n", {}),
        ("---\nlicense: [a\n---\n", {}),
        ("---\nlicense: [mit, gpl]\n---\n", {}),
        (None, {}),
    ],
)
@pytest.mark.parametrize("origin", ["org/name", "", 3])
def test_a_model_card_has_license_and_base_of_the_parent(tiny_model, tmp_path, text, fields, origin):
    parent = tmp_path / "theirs"
    shutil.copytree(tiny_model, parent)
    config = json.loads((parent / "config.json").read_text()) | {"_name_or_path": origin}
    (parent / "config.json").write_text(json.dumps(config))
    if text is not None:
        (parent / "README.md").write_text(text)
    child = find(f"sft:{parent}")
    made = tmp_path / "made"
    made.mkdir()
    (made / "adapter_config.json").write_text("{}")
    record = {"name": child.name, "digest": "1", "recipe": child.recipe.describe(), "weights": "2", "judge": None}
    record["parent"] = {"name": child.parent.name, "digest": "3"}
    card = model_card(made, record, child.parent)
    (made / "README.md").write_text(card)
    header = metadata(made / "README.md")
    assert {name: value for name, value in header.items() if name.startswith("license")} == fields
    base = origin if origin == "org/name" else "theirs"
    assert (header["base_model"], header["base_model_relation"], header["library_name"]) == (base, "adapter", "peft")
    assert "from `theirs`" in card
    assert str(tmp_path) not in card
    assert ("states no license" in card) == (not fields)
    shutil.rmtree(parent)
    assert metadata(made / "README.md") == header
    assert model_card(made, record, None) == card  # the parent is gone: what its card said stays

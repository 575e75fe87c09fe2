"""Options, and what is said to wrong ones."""

import os

import pytest

from benchmark.mazes.agents import AGENTS
from fixtures.choice import DEFAULT_CHECKPOINTS
from fixtures.options import engine_choices
from models.__main__ import main as models_command
from models.engines import ENGINES
from models.options import CHECKPOINT_OPTIONS
from models.recipes import RECIPES
from reports.__main__ import main as reports_command

pytest_plugins = ["pytester"]

USAGE = 4


def test_help_shows_our_options_under_headings_each_with_its_default(project):
    text = project.runpytest_subprocess("--help").stdout.str()
    headings = ("checkpoints", "mazes and prompts", "inference")
    ours = {name: text.split(f"Labirinto: {name}:")[1].split("\n\n")[0] for name in headings}
    ours = {name: " ".join(section.split()) for name, section in ours.items()}
    for name, options in (
        ("checkpoints", "--checkpoint --checkpoints --endpoint --model"),
        ("mazes and prompts", "--suite --limit --drawing --prompt --language --shots"),
        ("inference", "--engine --cache --concurrency --samples --temperature --flip-rate"),
    ):
        for option in options.split():
            assert f"{option}=" in ours[name]
    for option in ("--save", "--compare", "--fail-on", "--min-accuracy", "--report"):
        assert f"\n  {option}=" in text
    assert {name: section.count("(default: ") for name, section in ours.items()} == {
        "checkpoints": 3,
        "mazes and prompts": 6,
        "inference": 6,
    }
    for option in ("--lora", "--rebuild-base", "--trust-remote-code", *RECIPES.keys() - {"reward"}, *AGENTS):
        assert option in ours["checkpoints"]
    for choice in ("coordinates", "chat", "pt"):
        assert choice in ours["mazes and prompts"]


def test_the_engines_that_can_be_chosen_are_those_of_the_table():
    assert engine_choices() == ["auto", "transformers", "vllm", "server"]
    assert set(engine_choices()) - {"auto"} == set(ENGINES) - {"agents"}


def test_pytest_and_the_command_lines_have_the_same_options_about_checkpoints(capsys):
    for command in ([models_command], [reports_command, "mri"]):
        with pytest.raises(SystemExit):
            command[0]([*command[1:], "--help"])
        shown = " ".join(capsys.readouterr().out.split())
        for option in CHECKPOINT_OPTIONS:
            assert option.name in shown
            assert option.settings["help"] in shown


def test_the_default_checkpoints_are_recipes():
    assert set(DEFAULT_CHECKPOINTS) <= set(RECIPES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--limit", "0"], "*--limit*'0' is not an integer of 1 or more*"),
        (["--limit", "x"], "*--limit*'x' is not an integer of 1 or more*"),
        (["--limit", "-3"], "*--limit*"),
        (["--drawing", "runes"], "*--drawing*invalid choice: 'runes'*"),
        (["--prompt", "song"], "*--prompt*invalid choice: 'song'*"),
        (["--language", "de"], "*--language*invalid choice: 'de'*"),
        (["--shots", "-1"], "*--shots*'-1' is not an integer of 0 or more*"),
        (["--glyphs"], "*the drawing compact takes no glyphs; block and spaced do*"),
        (["--reasoning"], "*reasoning is possible in the chat prompt only*"),
        (
            ["--checkpoint", "stf"],
            "*no checkpoint 'stf'*base, sft, dpo, orpo, rlhf, rlvr (recipes)*oracle, *constant (agents)*",
        ),
        (["--checkpoint", "./nowhere"], "*no checkpoint './nowhere'*"),
        (["--checkpoints", "names.toml"], "*cannot read the names of checkpoints in names.toml*"),
        (["--checkpoint", "."], "*no model in *expected config.json and *.safetensors*"),
        (["--checkpoint", "oracle", "--checkpoint", "oracle"], "*several checkpoints have the name oracle*"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(project, arguments, message):
    result = project.runpytest_subprocess(*arguments)
    assert result.ret == USAGE
    result.stderr.fnmatch_lines([message])
    assert not (project.path / "home").exists()


def test_an_unwritable_store_names_folder_and_variable(project, monkeypatch):
    (project.path / "file").write_text("not a folder")
    monkeypatch.setenv("LABIRINTO_HOME", str(project.path / "file"))
    result = project.runpytest_subprocess("-k", "tiny_mazes", "--limit", "1")
    assert result.ret == USAGE
    result.stderr.fnmatch_lines([f"*cannot store checkpoints in {project.path}/file/checkpoints*LABIRINTO_HOME*"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_is_told_too(project, monkeypatch):
    (project.path / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("LABIRINTO_HOME", str(project.path / "locked"))
    assert project.runpytest_subprocess("-k", "tiny_mazes", "--limit", "1").ret == USAGE


def test_what_needs_no_build_needs_no_store(project, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", "/dev/null/nowhere")
    for name in ("oracle", "base"):  # an agent, and the base that is shipped
        assert project.runpytest_subprocess("-k", "tiny_mazes", "--limit", "1", "--checkpoint", name).ret == 0

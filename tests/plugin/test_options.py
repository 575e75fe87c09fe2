"""Options, and what is said to wrong ones."""

import json
import os
import sqlite3
from contextlib import closing

import pytest

from benchmark.mazes.agents import AGENTS
from fixtures.choice import DEFAULT_CHECKPOINTS
from fixtures.options import engine_choices
from models.__main__ import main as models_command
from models.engines import ENGINES
from models.options import CHECKPOINT_OPTIONS, MODEL_OPTIONS
from models.recipes import RECIPES
from reports.__main__ import main as reports_command

pytest_plugins = ["pytester"]

USAGE = 4


def test_help_shows_our_options_under_headings_each_with_its_default(project):
    text = project.runpytest_subprocess("--help").stdout.str()
    headings = ("checkpoints", "mazes and prompts", "inference", "how models run and reply")
    ours = {name: text.split(f"Labirinto: {name}:")[1].split("\n\n")[0] for name in headings}
    ours = {name: " ".join(section.split()) for name, section in ours.items()}
    for name, options in (
        ("checkpoints", "--checkpoint --checkpoints --endpoint --model"),
        ("mazes and prompts", "--suite --limit --drawing --prompt --language --shots"),
        ("inference", "--engine --cache --concurrency --early-stop --samples --temperature --flip-rate"),
        ("how models run and reply", " ".join(option.name for option in MODEL_OPTIONS)),
    ):
        for option in options.split():
            assert f"{option}=" in ours[name]
    for option in ("--save", "--compare", "--fail-on", "--min-accuracy", "--report"):
        assert f"\n  {option}=" in text
    assert {name: section.count("(default: ") for name, section in ours.items()} == {
        "checkpoints": 3,
        "mazes and prompts": 7,
        "inference": 7,
        "how models run and reply": 2,
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
        (["--dtype", "float8"], "*--dtype*invalid choice: 'float8'*"),
        (["--max-new-tokens", "0"], "*--max-new-tokens*'0' is not an integer of 1 or more*"),
        (["--stop", ""], "*--stop*a stop text must not be empty*"),
        (
            ["--generation-args", '{"top_p": 0.9'],
            """*'{"top_p": 0.9' is not a JSON object (*for example: --generation-args '{"top_p": 0.9}'*""",
        ),
        (["--generation-args", '{"top_p": NaN}'], "*NaN is not JSON*"),
        (
            ["--chat-template-args", "[1]"],
            "*'[[]1]' is not a JSON object (it is list and not an object)*",
        ),
        (["--generation-args", '{"temperature": 0.7}'], "*generation_args must not contain temperature: use --temper*"),
        (["--generation-args", '{"do_sample": true}'], "*generation_args must not contain do_sample: use --temper*"),
        (
            ["--max-new-tokens", "9", "--generation-args", '{"max_new_tokens": 8}'],
            "*generation_args must not contain max_new_tokens: use max_new_tokens (--max-new-tokens)*",
        ),
        (["--engine-args", '{"dtype": "half"}'], "*engine_args must not contain dtype: use dtype (--dtype)*"),
        (
            ["--engine-args", '{"device_map": "auto"}'],
            "*--engine-args (device_map; base) are arguments of one library: name it with --engine vllm or *",
        ),
        (["--thinking-budget", "64"], "*--thinking-budget is for chat prompts, and base is asked with a plain prompt*"),
        (["--system-prompt", "Hi"], "*--system-prompt is for chat prompts, and base is asked with a plain prompt*"),
        (
            ["--prompt", "chat", "--thinking-budget", "64", "--max-new-tokens", "64"],
            "*--thinking-budget 64 leaves no token of --max-new-tokens 64 for the answer (base)*",
        ),
        (["--checkpoint", "oracle", "--thinking-budget", "64"], "*--thinking-budget needs a model*are agents*"),
        (
            ["--endpoint", "http://127.0.0.1:1/v1", "--model", "x", "--dtype", "float32"],
            "*--dtype is for models that run on this machine*",
        ),
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


TABLES = """
mine = {checkpoint = "%s", max_new_tokens = 9, generation_args = {top_k = 7}, stop = ["\\n\\n"]}
"""


def test_what_is_set_is_in_the_saved_run_and_the_table_of_a_checkpoint_wins(project, tiny_model):
    (project.path / "names.toml").write_text(TABLES % tiny_model)
    few = ["-k", "tiny_mazes", "--limit", "2", "--engine", "transformers", "--checkpoints", "names.toml"]
    options = ["--max-new-tokens", "5", "--generation-args", '{"top_k": 3, "top_p": 0.5}', "--dtype", "float32"]
    arguments = [*few, *options, "--checkpoint", "mine", "--checkpoint", str(tiny_model), "--checkpoint", "greedy"]
    assert project.runpytest_subprocess(*arguments).ret == 0
    runs = {}
    for file in (project.path / "runs").iterdir():
        first, *records = map(json.loads, file.read_text().splitlines())
        runs[first["checkpoint"]["name"]] = first["engine"].get("options"), [one["tokens"] for one in records]
    options, tokens = runs.pop("mine")
    assert options == {
        "dtype": "float32",
        "max_new_tokens": 9,
        "generation_args": {"top_k": 7, "top_p": 0.5},
        "stop": ["\n\n"],
    }
    assert all(count <= 9 for count in tokens)
    assert runs.pop("greedy")[0] is None
    ((options, tokens),) = runs.values()
    assert options["max_new_tokens"] == 5
    assert all(count <= 5 for count in tokens)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            '{checkpoint = "sft", recipe = "sft"}',
            "*the checkpoint mine*a table with `checkpoint` has options only*",
        ),
        ('{checkpoint = "sft", max_new_tokens = "9"}', "*max_new_tokens cannot be '9': use an integer of 1 or more*"),
        ('{checkpoint = "sft", stop = "x"}', "*stop cannot be 'x': use a list of strings*"),
        ('{checkpoint = "sft", dtype = "float8"}', "*dtype cannot be 'float8': use one of auto, float32*"),
        ('{checkpoint = "sft", generation_args = {top_p = nan}}', "*generation_args has a value that JSON does not*"),
        (
            '{checkpoint = "sft", thinking_budget = 64}',
            "*--thinking-budget is for chat prompts, and mine is asked*",
        ),
        ('{checkpoint = "greedy", dtype = "float32"}', "*greedy is an agent: it has no dtype*"),
        ('{recipe = "sft", max_tokens = 9}', "*sft has no setting 'max_tokens'*"),
        ('{endpoint = "http://h/v1", model = "x", engine_args = {a = 1}}', "*a served model has no engine_args*"),
    ],
)
def test_wrong_options_of_a_checkpoint_name_it(project, table, message):
    (project.path / "names.toml").write_text(f"mine = {table}\n")
    result = project.runpytest_subprocess("--checkpoints", "names.toml", "--checkpoint", "mine", "--limit", "1")
    assert result.ret == USAGE
    result.stderr.fnmatch_lines([message])


def test_a_dry_run_shows_plan_costs_and_a_prompt_and_neither_builds_nor_asks(project, tiny_model):
    names = ["test_mazes.py", "--checkpoint", str(tiny_model), "--checkpoint", "sft", "--checkpoint", "oracle"]
    few = ["-k", "tiny_mazes or small_mazes", "--limit", "2", "--dry-run", "--max-new-tokens", "77"]
    result = project.runpytest_subprocess(*names, *few)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "labirinto: dry run: nothing is built, and nothing is asked",
            "tiny: 2 tiny, 2 small; 4 replies, 0 of them in the cache",
            "  asked with a plain prompt, wording v*, engine: transformers",
            "  options: max_new_tokens 77",
            "  transformers: about * seconds, * GiB of memory",
            "  expected tokens: * per prompt, * per reply",
            "  the prompt of tiny *, * tokens; its reply has at most 77:",
            "  | *S* to G*",
            "sft: 2 tiny, 2 small; *",
            "  it has to be built or downloaded first",
            "  | Find a shortest path from S to G in this maze. *",
            "oracle: 2 tiny, 2 small; *",
            "=*deselected*",
        ]
    )
    assert not (project.path / "runs").exists()
    assert not (project.path / "home" / "checkpoints").exists()
    assert not (project.path / "home" / "replies.sqlite").exists() or cached_replies(project) == 0


def cached_replies(project):
    with closing(sqlite3.connect(project.path / "home" / "replies.sqlite")) as base:
        return base.execute("SELECT count(*) FROM replies").fetchone()[0]


LONG_RUN = """
from models.inference import cost
cost.LONG = 0.1
"""


def test_the_header_says_how_a_third_party_model_is_asked_and_what_shortens_a_long_run(project, tiny_model):
    few = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "2", "--checkpoint", str(tiny_model)]
    few += ["--engine", "transformers"]
    project.runpytest_subprocess(*few, "--max-new-tokens", "5").stdout.fnmatch_lines(
        [
            "labirinto: 1 checkpoint, 2 cases, *",
            "labirinto: tiny: asked with a plain prompt, wording v5, transformers, about * sec*",
        ]
    )
    project.extend(LONG_RUN)
    project.runpytest_subprocess(*few, "--max-new-tokens", "6").stdout.fnmatch_lines(
        ["labirinto: this takes about * seconds. Shorter with fewer mazes (--limit N, -k)*--max-new-tokens N*"]
    )
    again = project.runpytest_subprocess(*few, "--max-new-tokens", "6").stdout
    again.fnmatch_lines(["labirinto: tiny: asked with a plain prompt, wording v5, transformers"])
    assert "this takes about" not in again.str()  # all replies are in the cache

"""`python -m models inspect`: what it says of tiny models of several kinds."""

import json

import pytest

from benchmark.mazes.suite import DEFAULT, SUITES
from models.__main__ import main
from models.template_facts import read_template

from . import gguf_files, strangers

STRICT = (
    "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% else %} {{ m['content'] }}</s>{% endif %}"
    "{% endfor %}"
)
THINKING = strangers.TEMPLATE + "{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def store(home, monkeypatch):
    """One store for all tests of this file: the speed of the machine is measured once."""
    monkeypatch.setenv("LABIRINTO_HOME", str(home))


def save(folder, template):
    """A tiny model with this chat template, or with none."""
    strangers.save(folder, "Qwen3")
    (folder / "chat_template.jinja").unlink()
    if template:
        (folder / "chat_template.jinja").write_text(template)
    return folder


def inspect(capsys, *arguments):
    capsys.readouterr()
    assert main(["inspect", *map(str, arguments), "--json"]) == 0
    out = capsys.readouterr().out
    return json.loads(out[out.index("{\n") :])


def test_the_shipped_base_is_described(capsys):
    assert main(["inspect", "base", "--tier", "small"]) == 0
    out = capsys.readouterr().out
    for line in ("LlamaForCausalLM", "compact", "aligned", "prompt of one case", "small dfs-0000"):
        assert line in out
    found = inspect(capsys, "base")
    assert 1e6 < found["sections"]["model"]["parameters"] < 2e6
    assert found["sections"]["number formats"]["in use here"] == "float32"
    assert found["sections"]["chat template"] == {"is there": False, "asked with": "a plain text to continue"}
    assert found["sections"]["cost"]["transformers"]["cases"] == len(SUITES[DEFAULT].cases("tiny"))
    assert not any("columns" in note for note in found["notes"])


def test_a_built_checkpoint_is_described_and_one_that_is_missing_is_not_trained(tiny_recipes, capsys):
    assert main(["inspect", "sft"]) == 2
    assert "sft is not built" in capsys.readouterr().err
    assert main(["build", "sft", "sft-lora"]) == 0
    assert inspect(capsys, "sft")["sections"]["model"]["layers"] == 2
    assert inspect(capsys, "sft-lora")["sections"]["model"]["adapter parameters"] > 0


def test_a_file_in_gguf_is_described(tmp_path, capsys):
    extra = {"tokenizer.chat_template": gguf_files.CHAT}
    found = inspect(capsys, gguf_files.write(tmp_path / "tiny.gguf", extra=extra), "--drawing", "block")
    assert found["sections"]["model"]["quantization of the file"] == "Q4_0"
    assert found["sections"]["number formats"]["on disk"] == "bfloat16"
    assert found["sections"]["chat template"]["roles"].startswith("system, user, assistant")
    assert found["sections"]["prompt"]["drawing"] == "block"
    assert found["prompt"].endswith("<|im_start|>assistant\n")
    assert found["sections"]["prompt"]["tokens"] > 512
    notes = "\n".join(found["notes"])
    assert "the file is quantized" in notes
    assert "its context of 512 tokens is shorter than a prompt" in notes


def test_what_is_odd_about_a_model_is_said_in_words(tmp_path, capsys):
    folder = save(tmp_path / "tiny-instruct", None)
    notes = "\n".join(inspect(capsys, folder)["notes"])
    assert "its name is that of a model that chats, but it has no chat template" in notes
    folder = save(tmp_path / "strict", STRICT)
    notes = "\n".join(inspect(capsys, folder)["notes"])
    assert "does not support the system role" in notes
    folder = save(tmp_path / "thinking", THINKING)
    found = inspect(capsys, folder)
    assert found["sections"]["chat template"]["variables"] == "enable_thinking"
    assert found["sections"]["chat template"]["opens a thought"] == "<think>"
    assert any("opens a thought" in note for note in found["notes"])
    notes = "\n".join(inspect(capsys, folder, "--prompt", "plain")["notes"])
    assert "it has a chat template and is asked with a plain text" in notes


def test_agents_and_served_models_are_described_as_far_as_possible(tmp_path, capsys):
    assert "an agent reads the maze itself" in inspect(capsys, "oracle")["notes"][0]
    names = tmp_path / "names.toml"
    names.write_text('theirs = {endpoint = "http://127.0.0.1:9/v1", model = "org/name"}')
    capsys.readouterr()
    assert main(["--checkpoints", str(names), "inspect", "theirs"]) == 0
    out = capsys.readouterr().out
    assert "http://127.0.0.1:9/v1" in out
    assert "[user]" in out


def test_roles_and_alternation_of_templates():
    strict = read_template(STRICT)
    assert (strict.roles, strict.needs_alternation, strict.end_of_turn) == (("user", "assistant"), True, "</s>")
    plain = read_template(strangers.TEMPLATE)
    assert (plain.needs_alternation, plain.opening, plain.variables) == (False, "", ())
    assert read_template("{% broken").roles == ()

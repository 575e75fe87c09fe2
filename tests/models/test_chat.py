"""Which models are asked as a chat, and how one whose template knows no system role is."""

import json
import shutil

import pytest
from jinja2 import TemplateError
from transformers import AutoTokenizer

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.prompt import WORDINGS, PromptOptions, prompt
from models import chat, hub, load, registry, store
from models.audit import audit
from models.chat_rendering import render
from models.checkpoints import Hub
from models.registry import base_of_adapter, find
from models.requests import Request
from models.weights import ADAPTER, Weights

from ..asking import ask
from . import strangers

STRICT = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "<start>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] | trim }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<start>model\n{% endif %}"
)
ALTERNATE = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}"
)
SILENT = (
    "\n  {% for m in messages %}\n  {% if m.role == 'user' %}\n  U: {{ m.content }}\n"
    "  {% elif m.role == 'assistant' %}\n  A: {{ m.content }}{{ eos_token }}\n  {% endif %}\n  {% endfor %}\nA:"
)
MACRO = (
    "{% macro turn(m) %}[{{ m.role }}]{{ m.content }}{% endmacro %}"
    "{% if messages | selectattr('role', 'equalto', 'system') | list %}{{ raise_exception('no') }}{% endif %}"
    "{% for m in messages %}{{ turn(m) }}{% endfor %}"
)
TAKES_IT = {
    "chatml": strangers.TEMPLATE,
    "date": "{{ strftime_now('%d') }}{% for m in messages %}{% if m.tool_calls is defined %}{% continue %}{% endif %}"
    "{{ m | tojson(indent=1) }}{% generation %}x{% endgeneration %}{% endfor %}",
    "default system": "{% if messages[0].role != 'system' %}<s>I am a model.{% endif %}"
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}",
    "thinking": "{% for m in messages %}[{{ m.role }}]{{ m.content.split('</think>')[-1] }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]<think>{% if enable_thinking is defined and not enable_thinking %}\n\n"
    "</think>{% endif %}{% endif %}",
    "tools and date": "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "{% if messages[0].role == 'system' %}{% set system = messages[0].content | trim %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}[system]{{ date_string }}"
    "{% if tools is not none %}{{ tools | tojson }}"
    "{% endif %}{{ system }}{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}{% endfor %}",
    "text or parts": "{% for m in messages %}[{{ m.role }}]{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for part in m.content %}{{ part.text }}{% endfor %}{% endif %}{% endfor %}",
}
OWN_SYSTEM_TURN = (
    "{% set system = messages[0]['content'] %}<<SYS>>{{ system }}<</SYS>>"
    "{% for m in messages[1:] %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('no') }}"
    "{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}"
)
ONLY_PARTS = (
    "{% for m in messages %}[{{ m.role }}]{% for part in m.content if part.type == 'text' %}{{ part.text }}{% endfor %}"
    "{% endfor %}"
)
DOES_NOT = {"strict": STRICT, "alternate": ALTERNATE, "silent": SILENT, "macro": MACRO}
SYSTEM, USER = {"role": "system", "content": "the rules"}, {"role": "user", "content": "the maze"}
SHOT = {"role": "assistant", "content": "answer: U"}
FOLDED = [{"role": "user", "content": "the rules\n\nthe maze"}]


@pytest.fixture(scope="module")
def qwen(tmp_path_factory):
    return strangers.save(tmp_path_factory.mktemp("chat") / "qwen3", "Qwen3")


@pytest.fixture
def folder(qwen, tmp_path):
    """A model of one's own to change."""
    return shutil.copytree(qwen, tmp_path / "model")


def give(folder, template):
    (folder / "chat_template.jinja").write_text(template)
    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("template", DOES_NOT)
@pytest.mark.parametrize("shots", [0, 1, 2])
def test_the_systems_text_stands_in_the_first_turn_of_the_user(folder, template, shots):
    plain = give(folder, DOES_NOT[template])
    ours = load.tokenizer(Weights(folder))
    rest = [turn for _ in range(shots) for turn in (SHOT, USER)]
    assert ours.apply_chat_template(
        [SYSTEM, USER, *rest], add_generation_prompt=True, tokenize=False
    ) == plain.apply_chat_template(FOLDED + rest, add_generation_prompt=True, tokenize=False)
    if template != "silent":
        with pytest.raises(TemplateError):
            plain.apply_chat_template([SYSTEM, USER, *rest], tokenize=False)


def test_turns_of_one_role_become_one(folder):
    plain = give(folder, ALTERNATE)
    ours = load.tokenizer(Weights(folder))
    turns = [SYSTEM, USER, USER, SHOT, SHOT, USER]
    one = [{"role": role, "content": text} for role, text in (
        ("user", "the rules\n\nthe maze\n\nthe maze"), ("assistant", "answer: U\n\nanswer: U"), ("user", "the maze")
    )]  # fmt: skip
    assert ours.apply_chat_template(turns, tokenize=False) == plain.apply_chat_template(one, tokenize=False)


def test_a_template_that_takes_the_first_message_for_the_system_gets_a_system_message(folder):
    give(folder, OWN_SYSTEM_TURN)
    ours = load.tokenizer(Weights(folder))
    without = ours.apply_chat_template([USER, SHOT, USER], tokenize=False)
    assert without == "<<SYS>>You are a helpful assistant.<</SYS>>[user]the maze[assistant]answer: U[user]the maze"
    written = ours.apply_chat_template([SYSTEM, USER, SHOT, USER], tokenize=False)
    assert written == "<<SYS>>the rules<</SYS>>[user]the maze[assistant]answer: U[user]the maze"
    assert "system_text" not in find(str(folder)).provenance()


@pytest.mark.parametrize("refuses_system", [False, True])
def test_a_template_that_wants_parts_gets_them(folder, refuses_system):
    refuse = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    give(folder, (refuse if refuses_system else "") + ONLY_PARTS)
    ours = load.tokenizer(Weights(folder))
    system = "[user]the rules\n\n" if refuses_system else "[system]the rules[user]"
    text = ours.apply_chat_template([SYSTEM, USER, SHOT, USER], tokenize=False)
    assert text == f"{system}the maze[assistant]answer: U[user]the maze"
    assert ("system_text" in find(str(folder)).provenance()) == refuses_system


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("template", [*TAKES_IT.values(), *DOES_NOT.values(), OWN_SYSTEM_TURN, ONLY_PARTS])
def test_each_wording_reaches_the_model_whole_through_each_template(wording, template):
    (case,) = SUITE.cases("tiny")[:1]
    for shots in (0, 2):
        messages = prompt(case.maze, PromptOptions(prompt_style="chat", wording=wording, shots=shots))
        text = render(chat.fold(template), messages)
        for message in messages:
            # a template may write a text as JSON
            assert message["content"].strip() in text or json.dumps(message["content"]) in text


@pytest.mark.parametrize("template", TAKES_IT)
def test_a_template_that_knows_the_system_is_left_as_it_is(folder, template):
    give(folder, TAKES_IT[template])
    assert load.tokenizer(Weights(folder)).chat_template == TAKES_IT[template]
    assert "system_text" not in find(str(folder)).provenance()


@pytest.mark.parametrize("template", ["{% for", "{{ messages[7].content }}", "{{ raise_exception('never') }}", "", "7"])
def test_a_template_that_nothing_helps_is_left_as_it_is(template):
    assert chat.fold(template) == template
    assert not chat.is_folded(template)


def test_a_template_is_folded_once(folder):
    assert chat.fold(chat.fold(STRICT)) == chat.fold(STRICT) != STRICT
    assert chat.is_folded(STRICT)
    assert chat.is_folded(chat.fold(STRICT))
    load.tokenizer(Weights(give(folder, STRICT) and folder)).save_pretrained(folder)
    assert (folder / "chat_template.jinja").read_text() == chat.fold(STRICT)


def asked(**how):
    (case,) = SUITE.cases("tiny")[:1]
    return [Request(case, prompt(case.maze, PromptOptions(prompt_style="chat", **how)))]


@pytest.mark.parametrize("template", DOES_NOT)
def test_a_model_of_such_a_template_is_asked_and_that_is_said_and_saved(folder, template, capsys, monkeypatch):
    monkeypatch.setattr("models.budget.REPLY", (4, 0, 0))
    give(folder, DOES_NOT[template])
    checkpoint = find(str(folder))
    assert ask(checkpoint, asked(shots=1))
    assert capsys.readouterr().err.count(f"labirinto: model: {chat.FOLDED}") == 1
    assert checkpoint.provenance()["system_text"] == "in the user's first turn"


def test_several_templates_have_one_for_a_plain_conversation(folder):
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    several = [{"name": "tool_use", "template": "{{ messages }}"}, {"name": "default", "template": STRICT}]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": several}))
    assert find(str(folder)).prompt_style == "chat"
    assert find(str(folder)).provenance()["system_text"]
    assert "the rules" in load.tokenizer(Weights(folder)).apply_chat_template([SYSTEM, USER], tokenize=False)


@pytest.mark.parametrize(
    "template", ["{{ raise_exception('tools are needed') }}", "{{ messages[9].content }}", "{% if"]
)
def test_a_template_that_does_not_take_the_question_is_one_line(folder, template):
    give(folder, template)
    with pytest.raises(CheckpointError, match=r"chat template in .* does not take the question .*--prompt plain"):
        ask(find(str(folder)), asked())


def test_a_model_with_a_chat_template_is_asked_as_a_chat(folder, qwen):
    assert find(str(folder)).prompt_style == "chat"
    (folder / "chat_template.jinja").unlink()
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert find(str(folder)).prompt_style == "plain"
    (folder / "adapter").mkdir()
    (folder / "adapter" / ADAPTER).write_text(json.dumps({"base_model_name_or_path": str(qwen)}))
    (folder / "adapter" / "adapter_model.safetensors").touch()
    assert find(str(folder / "adapter")).prompt_style == "chat"  # its tokenizer is the whole model's


@pytest.mark.parametrize("file", ["tokenizer_config.json", "chat_template.jinja", "tokenizer.json"])
@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[]", b"[" * 100_000])
def test_settings_of_a_tokenizer_that_cannot_be_read_are_told_when_it_is_asked(folder, file, text):
    """And not when it is named, so that the other checkpoints of the session go on."""
    (folder / file).write_bytes(text)
    checkpoint = find(str(folder))
    assert checkpoint.prompt_style in ("chat", "plain")
    checkpoint.provenance()
    audit(checkpoint.weights(), SUITE.cases("tiny")[0].maze, "compact")
    if file == "chat_template.jinja" and text != b"\xff\xfe":
        return  # that is a template
    with pytest.raises(CheckpointError, match="cannot load the tokenizer in") as error:
        load.tokenizer(checkpoint.weights())
    assert "\n" not in str(error.value)


def test_a_recipes_product_is_asked_as_it_was_taught(folder):
    for recipe, style in (({"style": "chat"}, "chat"), ({"style": "search"}, "plain"), ({}, "plain"), (None, "chat")):
        (folder / store.RECORD).write_text(json.dumps({"recipe": recipe}))
        assert find(str(folder)).prompt_style == style
    assert find("sft").prompt_style == "plain"


def test_a_model_of_the_hub_is_asked_as_its_small_files_say(folder, monkeypatch):
    lying = {"org/chat": folder, "org/none": None}
    monkeypatch.setattr(hub, "peek", lambda repo, revision: lying[repo])
    assert Hub("a", "org/chat", None, base_of_adapter).prompt_style == "chat"
    assert registry._answer_format(Hub("a", "org/chat", None, base_of_adapter)) == "chat"
    assert Hub("b", "org/none", None, base_of_adapter).prompt_style == "plain"
    assert registry._answer_format(Hub("b", "org/none", None, base_of_adapter)) == "chat"
    (folder / "chat_template.jinja").unlink()
    assert Hub("a", "org/chat", None, base_of_adapter).prompt_style == "plain"
    assert registry._answer_format(Hub("a", "org/chat", None, base_of_adapter)) == "plain"

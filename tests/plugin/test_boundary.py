"""What a user sees of checkpoints that cannot be asked: the reason once, and the other checkpoints in the table."""

import json
import re
import shutil
from xml.etree import ElementTree as ET

import pytest

from .conftest import TINY

pytest_plugins = ["pytester"]

RAISING = """
import json, sqlite3
from benchmark.mazes import agents
from benchmark.mazes.errors import EngineError
from models.engines.agents import Agents
RAISED = {
    "value": ValueError("Unrecognized model"),
    "lines": RuntimeError("size mismatch\\n\\tfor lm_head"),
    "bare": AssertionError(),
    "ours": EngineError("the server is down"),
}
agents.AGENTS.update(dict.fromkeys(RAISED, agents.oracle))
_generate = Agents.generate
def generate(self, checkpoint, requests):
    if checkpoint.name in RAISED:
        raise RAISED[checkpoint.name]
    yield from _generate(self, checkpoint, requests)
Agents.generate = generate
"""
NAMES = ["value", "lines", "bare", "ours", "oracle"]
REASONS = {
    "value": "EngineError: ValueError: Unrecognized model (",
    "lines": "EngineError: RuntimeError: size mismatch for lm_head (",
    "bare": "EngineError: AssertionError (",
    "ours": "EngineError: the server is down",
}


def test_a_reason_is_told_once_for_each_checkpoint_before_its_first_case(project):
    project.extend(RAISING)
    chosen = [word for name in NAMES for word in ("--checkpoint", name)]
    result = project.runpytest_subprocess(
        *chosen, "-k", "tiny_mazes", "--limit", "40", "--junitxml", "junit.xml", "-v", "-rA"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    for name, reason in REASONS.items():
        assert len(re.findall(rf"^labirinto: {name}: {re.escape(reason)}", text, re.MULTILINE)) == 1
        assert text.count(reason) == 1
        assert text.index(reason) < text.index(f"[{name}-dfs-0000] ERROR")
        assert text.count(f"[{name}-dfs-0000] ERROR") == 1
        assert f"ERROR {name}: 40 of its cases have no reply; the reason is above, before its first case" in text
    assert "Traceback" not in text + result.stderr.str()
    assert "= ERRORS =" not in text
    result.stdout.fnmatch_lines(["tiny *oracle *40 *100.0*", "=* 160 errors, 40 solved in *"])
    reasons = [
        case.find("error").get("message") for case in ET.parse(project.path / "junit.xml").findall(".//testcase[error]")
    ]
    assert len(reasons) == 160
    assert sum(REASONS["value"] in one for one in reasons) == 40
    log = (project.path / "home" / "errors.log").read_text()
    assert log.count("Traceback (most recent call last)") == 3


def test_full_trace_shows_the_traceback_once(project):
    project.extend(RAISING)
    result = project.runpytest_subprocess("--checkpoint", "value", "-k", "tiny_mazes", "--limit", "5", "--full-trace")
    text = result.stdout.str()
    assert text.count("Traceback (most recent call last)") == 1
    assert text.count("ValueError: Unrecognized model\n") == 1


def test_many_reasons_of_single_cases_are_cut_short(project):
    project.extend(
        "from benchmark.mazes.errors import EngineError\n"
        "from models.engines.agents import Agents\n"
        "def generate(self, checkpoint, requests):\n"
        "    for count, request in enumerate(requests):\n"
        "        yield request, EngineError(f'the prompt has {count} tokens')\n"
        "Agents.generate = generate\n"
    )
    result = project.runpytest_subprocess("--checkpoint", "oracle", "-k", "tiny_mazes", "--limit", "40")
    assert result.stdout.str().count("ERROR at setup") == 3
    result.stdout.fnmatch_lines(["ERROR oracle: 40 of its cases have no reply", "=* 40 errors in *"])


def spoil_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(
        json.dumps({name: value for name, value in config.items() if value is not None})
    )


SPOILT = {
    "no-json": lambda folder: (folder / "config.json").write_text("{"),
    "a-list": lambda folder: (folder / "config.json").write_text("[1]"),
    "no-type": lambda folder: spoil_config(folder, model_type=None, architectures=None),
    "new-type": lambda folder: spoil_config(folder, model_type="llama9", architectures=["Llama9ForCausalLM"]),
    "text-for-number": lambda folder: spoil_config(folder, hidden_size="wide"),
    "quantized": lambda folder: spoil_config(folder, quantization_config={"quant_method": "gptq", "bits": 4}),
    "cut-weights": lambda folder: (folder / "model.safetensors").write_bytes(
        (folder / "model.safetensors").read_bytes()[:5000]
    ),
    "odd-tokenizer": lambda folder: (folder / "tokenizer.json").write_text('{"model": 7}'),
    "binary-tokenizer": lambda folder: (folder / "tokenizer.json").write_bytes(b"\xff\xfe\x00" * 50),
    "odd-template": lambda folder: (folder / "chat_template.jinja").write_text("{{ raise_exception('no system') }}"),
    "wrong-template": lambda folder: (folder / "chat_template.jinja").write_text("{% for %}"),
}


@pytest.mark.slow
def test_spoilt_models_are_one_line_each_and_the_others_are_asked(project, tiny_model):
    project.extend(TINY)
    for name, spoil in SPOILT.items():
        shutil.copytree(tiny_model, project.path / name)
        spoil(project.path / name)
    chosen = [word for name in SPOILT for word in ("--checkpoint", f"./{name}")]
    arguments = ["--checkpoint", "oracle", "--prompt", "chat", "--engine", "transformers"]
    result = project.runpytest_subprocess(*chosen, *arguments, "-k", "tiny_mazes", "--limit", "20")
    text = result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "Traceback" not in text + result.stderr.str()
    assert "INTERNALERROR" not in text + result.stderr.str()
    for name in SPOILT:
        assert len(re.findall(rf"^labirinto: (\./)?{name}: \w+Error: .*", text, re.MULTILINE)) == 1, name
    result.stdout.fnmatch_lines(["tiny *oracle *20 *100.0*", f"=* {20 * len(SPOILT)} errors, 20 solved in *"])

"""vLLM says what transformers says, for a model, its adapters and a merged one; and what is told when it dies."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import httpx
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from benchmark.mazes.errors import CheckpointError, EngineError
from models import load
from models.engines.transformers import Transformers
from models.engines.vllm import VLLM
from models.model_options import GenerationOptions
from models.registry import find, served
from models.weights import Weights

from ..asking import ask, requests, said
from ..conftest import ROOT

pytest.importorskip("vllm", reason="vLLM is not installed")


def adapter(model, folder, seed):
    """An adapter with random weights, so that it changes what its base says."""
    torch.manual_seed(seed)
    made = get_peft_model(
        load.model(Weights(model)), LoraConfig(r=8, target_modules="all-linear", init_lora_weights=False)
    )
    made.save_pretrained(folder)
    return folder


def merged(weights, folder):
    load.model(weights).merge_and_unload(safe_merge=True).save_pretrained(folder)
    load.tokenizer(weights).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def nano():
    """The shipped base: heads of 32 are the smallest that vLLM knows on a CPU."""
    return find("base").weights().folder


@pytest.fixture(scope="module")
def family(nano, tmp_path_factory):
    """A model, two adapters for it, and one of them merged into it."""
    folder = tmp_path_factory.mktemp("family")
    first, second = (adapter(nano, folder / name, seed) for seed, name in enumerate(["first", "second"]))
    whole = merged(Weights(first, nano), folder / "merged")
    return [find(str(one)) for one in (nano, first, second, whole)]


def zeros(adapter, folder):
    shutil.copytree(adapter, folder)
    file = folder / "adapter_model.safetensors"
    save_file({name: value * ("lora_B" not in name) for name, value in load_file(file).items()}, file)
    return find(str(folder))


@pytest.fixture(scope="module")
def engine(family):
    """One engine for all of the family, since each takes ten seconds to start."""
    made = VLLM(family)
    yield made
    made.close()


def test_it_says_what_transformers_says_and_adapters_share_one_process(family, engine, tmp_path):
    """Base, adapter, base and another adapter in turn: rows with and without an adapter never share a batch."""
    base, first, second, whole = family
    questions = [*requests("tiny", 6), *requests("small", 2)]
    found, processes = {}, set()
    for one in (base, first, second, base):
        found.setdefault(one.name, []).append(said(engine, one, questions))
        processes.add(engine._child.pid)
    with pytest.raises(CheckpointError, match=r"the adapter in .*idle changes nothing"):
        list(engine.generate(zeros(first.path, tmp_path / "idle"), questions))
    assert len(processes) == 1
    for one in (base, first, second):
        assert found[one.name] == [ask(one, questions)] * len(found[one.name])
    assert ask(whole, questions, "vllm") == found["first"][0]
    assert len({str(replies) for replies in found.values()}) == 3


@pytest.mark.slow
def test_the_beginnings_of_400_replies_are_those_of_transformers(family, engine, monkeypatch):
    """Of a model and two adapters in one engine; whole replies of trained ones: `python -m scripts.parity`."""
    monkeypatch.setattr("models.budget.REPLY", (16, 0, 0))
    base, first, second, _ = family
    questions = requests("small", 400)
    for one in (base, first, second):
        assert said(engine, one, questions) == ask(one, questions)


def test_samples_have_seeds_of_their_own(family, engine):
    questions = [one for at in range(3) for one in requests("tiny", 2, sample=at, temperature=1.0)]
    for asked in (engine, Transformers()):
        together = said(asked, family[1], questions)
        assert len({reply.text for reply in together}) == 6
        assert said(asked, family[1], questions[::-1])[::-1] == together


def test_replies_end_early_where_a_request_says_so(family, engine):
    """Beside requests that say nothing, whose replies are the same as alone."""
    base, whole = family[0], requests("tiny", 40)
    expected = said(engine, base, whole)
    rules = GenerationOptions(stop=("(3,",), ends_loops=True, prefix="answer:")
    early = requests("tiny", 40, sample=1, generation=rules)
    counted = []
    engine.on_tokens = counted.append
    found = said(engine, base, [*whole, *early])
    engine.on_tokens = None
    assert found[:40] == expected
    kinds = {"stop": 0, "loop": 0, "whole": 0}
    for reply, full in zip(found[40:], expected, strict=True):
        text = f"answer:{full.text}"
        kind = "loop" if reply.looped else "whole" if reply.text == text else "stop"
        kinds[kind] += 1
        assert text.startswith(reply.text)
        assert reply.truncated == (reply.looped or (kind == "whole" and full.truncated))
        assert kind != "stop" or (text[len(reply.text) :].startswith("(3,") and reply.tokens < full.tokens)
        assert kind != "loop" or reply.tokens < full.tokens
    assert all(kinds.values())
    assert sum(counted) >= sum(reply.tokens for reply in found)
    assert sum(counted) < 2 * sum(reply.tokens for reply in expected)


def test_thoughts_beyond_their_budget_are_closed_as_transformers_does_it(family, engine):
    options = GenerationOptions(thinking_budget=10, prefix="<think>\n")
    questions = requests("tiny", 6, generation=options)
    found = said(engine, family[0], questions)
    assert found == ask(family[0], questions)
    assert all(reply.text.startswith("<think>\n") for reply in found)
    assert [reply.text.count("</think>") for reply in found] == [1] * 6


def test_arguments_of_the_sampling_reach_it(family, engine):
    arguments = GenerationOptions(arguments={"top_k": 1})
    questions = requests("tiny", 6, temperature=1.0, generation=arguments)
    assert said(engine, family[0], questions) == said(engine, family[0], requests("tiny", 6))
    with pytest.raises(CheckpointError, match="vllm has no generation argument 'top_q'"):
        said(engine, family[0], requests("tiny", 1, generation=GenerationOptions(arguments={"top_q": 1})))


def test_a_question_longer_than_the_model_can_read_is_truncated(nano, tmp_path):

    shutil.copytree(nano, tmp_path / "short")
    settings = json.loads((tmp_path / "short" / "config.json").read_text())
    questions = [*requests("tiny", 2), *requests("medium", 1)]
    tokenizer = load.tokenizer(Weights(nano))
    most = len(tokenizer(questions[0].prompt)["input_ids"]) + 20
    (tmp_path / "short" / "config.json").write_text(json.dumps(settings | {"max_position_embeddings": most}))
    checkpoint = find(str(tmp_path / "short"))
    found = ask(checkpoint, questions, "transformers")
    assert [reply.tokens for reply in found] == [20, 20, 0]
    assert {reply.truncated for reply in found} == {True}
    assert ask(checkpoint, questions, "vllm") == found


def alive(group):
    listed = subprocess.run(["ps", "-o", "pid=", "-g", str(group)], capture_output=True, text=True, check=False)
    return listed.stdout.split()


def test_a_process_that_dies_is_told_with_the_end_of_its_log_and_leaves_nothing_behind(nano, engine):
    checkpoint, given = find(str(nano)), []

    def until_it_dies():
        for request, _ in engine.generate(checkpoint, requests("tiny", 400)):
            given.append(request)
            os.kill(engine._child.pid, signal.SIGKILL)

    with pytest.raises(EngineError) as found:
        until_it_dies()
    assert given
    assert "vllm was ended by SIGKILL while it replied" in str(found.value)
    assert "the same command goes on from there" in str(found.value)
    again = list(engine.generate(checkpoint, requests("tiny", 2)))  # a new process
    assert len(again) == 2
    group = engine._child.pid
    engine.close()
    assert alive(group) == []


def test_a_model_that_vllm_cannot_load_is_told(nano, tmp_path):

    shutil.copytree(nano, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(EngineError, match=r"before it had started(.|\n)*The last that it wrote:(.|\n)*Error"):
        ask(find(str(tmp_path / "broken")), requests("tiny", 1), "vllm")


def test_it_ends_with_whoever_started_it(nano, tmp_path):

    code = (
        "import sys, time\nfrom models.registry import find\nfrom models.engines.vllm import VLLM\n"
        "from tests.asking import requests\n"
        "checkpoint = find(sys.argv[1])\nengine = VLLM([checkpoint])\n"
        "for _ in engine.generate(checkpoint, requests('tiny', 400)):\n"
        "    print(engine._child.pid, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, nano], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        group = int(process.stdout.readline())
        process.kill()
    until = time.monotonic() + 20
    while alive(group) and time.monotonic() < until:
        time.sleep(0.2)
    assert alive(group) == []


@pytest.mark.slow
def test_a_real_server_says_the_same(nano):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(nano)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager"]
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        endpoint, until = f"http://127.0.0.1:{port}", time.monotonic() + 240
        while time.monotonic() < until and process.poll() is None:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{endpoint}/health").status_code == 200:
                    break
            time.sleep(1)
        questions = requests("tiny", 4)
        found = ask(served("nano", f"{endpoint}/v1", str(nano)), questions)
        options = GenerationOptions(stop=("(3,",), prefix="answer:", arguments={"top_k": 1, "repetition_penalty": 1.0})
        early = requests("tiny", 4, temperature=1.0, generation=options)
        ended = ask(served("nano", f"{endpoint}/v1", str(nano)), early)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    # a server's tokenizer is not known, so its replies have more room
    for reply, expected in zip(found, ask(find(str(nano)), questions), strict=True):
        assert reply.text.startswith(expected.text)
        assert reply.tokens >= expected.tokens > 0
    assert [reply.text for reply in ended] == [f"answer:{reply.text.partition('(3,')[0]}" for reply in found]

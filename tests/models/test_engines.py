"""The engines against the plainest way to do the same."""

import shutil
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.answer import read
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.prompt import PromptOptions, prompt
from models import block_cache, budget
from models.engines import continuous, create_engine, memory, transformers_decoding
from models.engines.forward import Forward
from models.model_options import GenerationOptions, ModelOptions
from models.registry import find
from models.requests import Request

from ..asking import ask, requests


@pytest.mark.parametrize(
    ("most_rows", "block", "free"),
    [(128, 128, 2**30), (3, 128, 2**30), (5, 3, 2**30), (128, 16, 2 * 2 * 16 * 4 * 4000)],
)
def test_batches_say_what_greedy_search_says_one_by_one(tiny_model, monkeypatch, most_rows, block, free):
    monkeypatch.setitem(continuous.MOST_ROWS, "cpu", most_rows)
    monkeypatch.setattr(block_cache, "BLOCK", block)
    monkeypatch.setattr(memory, "free_bytes", lambda _: free)
    asked = requests("tiny", 6) + requests("small", 1, "block")
    replies = ask(find(str(tiny_model)), asked)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    for request, reply in zip(asked, replies, strict=True):
        ids = tokenizer(request.prompt, return_tensors="pt")["input_ids"]
        limit = 64 + 11 * request.case.maze.walls.size
        written = []
        with torch.inference_mode():
            for _ in range(limit):
                token = int(model(ids).logits[0, -1].argmax())
                if token == tokenizer.eos_token_id:
                    break
                written.append(token)
                ids = torch.cat([ids, torch.tensor([[token]])], 1)
        assert reply.text == tokenizer.decode(written)
        assert reply.tokens == len(written)
        assert reply.truncated == (len(written) == limit)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("can't allocate memory: 9 GB")]
)
def test_a_batch_that_does_not_fit_is_halved_and_all_is_replied_to(tiny_model, monkeypatch, error):
    checkpoint, questions = find(str(tiny_model)), [*requests("tiny", 12), *requests("small", 7)]
    expected = ask(checkpoint, questions)
    rows = shrink_memory(monkeypatch, 3, error)
    assert ask(checkpoint, questions) == expected
    assert max(rows) > 3
    assert max(rows[rows.index(max(rows)) + 4 :]) <= 3


def shrink_memory(monkeypatch, most_rows, error):
    """Passes over more rows raise an error; returns the rows of each pass."""
    rows, step = [], Forward.step

    def limited(self, ids, lengths, cache):
        rows.append(len(ids))
        if len(ids) > most_rows:
            raise error
        return step(self, ids, lengths, cache)

    monkeypatch.setattr(Forward, "step", limited)
    return rows


def test_what_does_not_fit_alone_is_raised_and_other_errors_are_not_memory(tiny_model, monkeypatch):
    monkeypatch.setattr(transformers_decoding, "takes_batches", lambda *_: True)
    for said, tried in (("can't allocate memory", [4, 2, 1]), ("shapes do not fit", [4])):
        with monkeypatch.context() as patched:
            rows = shrink_memory(patched, 0, RuntimeError(said))
            with pytest.raises(RuntimeError, match=said):
                ask(find(str(tiny_model)), requests("tiny", 4))
        assert [one for one in rows if one != 1 or tried[-1] == 1][-len(tried) :] == tried


def test_each_reply_comes_when_it_ends_and_what_came_is_kept(tiny_model):
    asked = requests("tiny", 40)
    expected = dict(zip((one.place for one in asked), ask(find(str(tiny_model)), asked), strict=True))
    engine = create_engine("transformers")
    tokens_seen = []
    engine.on_tokens = tokens_seen.append
    replies = engine.generate(find(str(tiny_model)), asked)
    request, reply = next(replies)
    assert reply == expected[request.place]
    assert reply.tokens < sum(tokens_seen) < sum(one.tokens for one in expected.values())
    replies.close()
    assert {one.place: answer for one, answer in engine.generate(find(str(tiny_model)), asked)} == expected
    engine.close()


@pytest.mark.parametrize("spoilt", ["config.json", "model.safetensors"])
def test_a_folder_that_does_not_load_is_a_clear_error(tiny_model, tmp_path, spoilt):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / spoilt).write_text("{}")
    with pytest.raises(CheckpointError, match="cannot load the model"):
        ask(find(str(tmp_path)), requests("tiny", 1))


def chat(reasoning):
    (case,) = SUITE.cases("tiny")[:1]
    return [Request(case, prompt(case.maze, PromptOptions(prompt_style="chat", reasoning=reasoning)), reasoning)]


TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def test_a_chat_goes_through_the_template_of_the_model_and_thoughts_have_room(tiny_model, tmp_path, monkeypatch):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    monkeypatch.setattr(budget, "THOUGHTS", 50)
    for reasoning in (False, True):
        (reply,) = ask(find(str(tmp_path)), chat(reasoning))
        system, user = (message["content"] for message in chat(reasoning)[0].prompt)
        ids = tokenizer(f"[system]{system}[user]{user}[assistant]", return_tensors="pt")
        limit = 64 + max(11, 5 * len(tokenizer(" (10,10)")["input_ids"])) * 16 + 50 * reasoning
        output = model.generate(**ids, max_new_tokens=limit, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert reply.text == tokenizer.decode(output, skip_special_tokens=True)


def test_a_model_without_a_chat_template_says_so(tiny_model):
    with pytest.raises(CheckpointError, match="has no chat template: ask it with --prompt plain"):
        ask(find(str(tiny_model)), chat(reasoning=False))


def test_agents_answer_through_the_same_door():
    for name, agent in AGENTS.items():
        asked = [*requests("small", 10), *requests("unsolvable-small", 4)]
        for request, reply in zip(asked, ask(find(name), asked), strict=True):
            assert read(reply.text, request.case.maze).strict == agent(request.case)


def test_an_agent_has_no_folder():
    with pytest.raises(CheckpointError, match="has no weights"):
        find("oracle").weights()


def with_options(folder, **options):
    return replace(find(str(folder)), options=ModelOptions(**options))


def test_the_number_format_and_the_arguments_of_the_model_are_those_that_are_asked_for(tiny_model):
    engine = create_engine("transformers")
    seen = {}
    for dtype, arguments in (("auto", {}), ("bfloat16", {}), ("bfloat16", {"attn_implementation": "eager"})):
        checkpoint = with_options(tiny_model, dtype=dtype, engine_args=arguments)
        assert len(list(engine.generate(checkpoint, requests("tiny", 1)))) == 1
        model = engine._decoder.model
        described = engine.describe(checkpoint)
        assert str(model.dtype).removeprefix("torch.") == described["dtype"]
        assert described.get("engine_args", {}) == arguments
        seen[model.dtype, model.config._attn_implementation == "eager"] = model
    assert set(seen) == {(torch.float32, False), (torch.bfloat16, False), (torch.bfloat16, True)}
    assert "engine_args" not in engine.describe(find(str(tiny_model)))
    engine.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "float16"}, "dtype cannot be set here: use --dtype"),
        ({"use_safetensors": False}, "use_safetensors cannot be set here: pickles are not loaded"),
        ({"attn_implementation": "none of them"}, "none of them"),
        ({"no_such_argument": 1}, "no_such_argument"),
    ],
)
def test_an_argument_that_cannot_be_is_a_clear_error(tiny_model, arguments, message):
    with pytest.raises(CheckpointError, match=message):
        ask(with_options(tiny_model, engine_args=arguments), requests("tiny", 1), "transformers")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_j": 1}, "transformers has no generation argument 'top_j': it has .*top_k"),
        ({"presence_penalty": 1}, "vllm has it: --engine vllm"),
        ({"top_p": 2}, "top_p is 2, and has to be a number above 0, up to 1"),
    ],
)
def test_arguments_of_sampling_that_cannot_be_are_a_clear_error(tiny_model, arguments, message):
    with pytest.raises(CheckpointError, match=message):
        ask(find(str(tiny_model)), requests("tiny", 1, generation=GenerationOptions(arguments=arguments)))


@pytest.mark.parametrize(
    "arguments", [{"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 3}, {"top_k": 3, "top_p": 0.9}]
)
def test_arguments_of_sampling_do_not_depend_on_the_batch(tiny_model, arguments):
    """Greedy replies with penalties are those of transformers, and samples are the same beside others and alone."""
    how = {"temperature": 1.0 if "top_k" in arguments else 0.0}
    with_arguments, without = (
        [
            *requests("tiny", 3, generation=options, **how),
            *requests("small", 1, "block", generation=options, **how),
        ]
        for options in (
            GenerationOptions(max_new_tokens=24, arguments=arguments),
            GenerationOptions(max_new_tokens=24),
        )
    )
    checkpoint = find(str(tiny_model))
    replies = ask(checkpoint, with_arguments)
    assert replies == [ask(checkpoint, [request])[0] for request in with_arguments]
    assert replies != ask(checkpoint, without)
    if not how["temperature"]:
        tokenizer = AutoTokenizer.from_pretrained(tiny_model)
        model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
        for request, reply in zip(with_arguments, replies, strict=True):
            ids = tokenizer(request.prompt, return_tensors="pt")
            output = model.generate(**ids, max_new_tokens=24, do_sample=False, **arguments)[0]
            assert reply.text == tokenizer.decode(output[ids["input_ids"].shape[1] :], skip_special_tokens=True)

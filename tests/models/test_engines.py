"""The engines against the plainest way to do the same."""

import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.mazes import suite
from benchmark.mazes.agents import AGENTS
from benchmark.mazes.answer import read
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.prompt import Asking, prompt
from models.engines import Request, ask
from models.engines import transformers as engine
from models.load import Weights
from models.registry import find


def requests(tier, n, drawing="compact"):
    return [Request(case, prompt(case.maze, Asking(drawing))) for case in suite.cases(tier)[:n]]


@pytest.mark.parametrize("cache_bytes", [engine.CACHE_BYTES, 2 * 2 * 16 * 4 * 500])
def test_batches_say_what_greedy_search_says_one_by_one(tiny_model, monkeypatch, cache_bytes):
    monkeypatch.setattr(engine, "CACHE_BYTES", cache_bytes)
    asked = requests("tiny", 6) + requests("small", 1, "block")
    replies = dict(engine.generate(Weights(tiny_model), asked))
    assert replies.keys() == {request.case for request in asked}
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    for request in asked:
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
        assert replies[request.case].text == tokenizer.decode(written)
        assert replies[request.case].tokens == len(written)
        assert replies[request.case].truncated == (len(written) == limit)


@pytest.mark.parametrize("spoilt", ["config.json", "model.safetensors"])
def test_a_folder_that_does_not_load_is_a_clear_error(tiny_model, tmp_path, spoilt):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / spoilt).write_text("{}")
    with pytest.raises(CheckpointError, match="cannot load the model"):
        list(engine.generate(Weights(tmp_path), requests("tiny", 1)))


def chat(reasoning):
    (case,) = suite.cases("tiny")[:1]
    return [Request(case, prompt(case.maze, Asking(style="chat", reasoning=reasoning)), reasoning)]


TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def test_a_chat_goes_through_the_template_of_the_model_and_thoughts_have_room(tiny_model, tmp_path, monkeypatch):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    monkeypatch.setattr(engine, "THOUGHTS", 50)
    for reasoning in (False, True):
        ((_, reply),) = engine.generate(Weights(tmp_path), chat(reasoning))
        system, user = (message["content"] for message in chat(reasoning)[0].prompt)
        ids = tokenizer(f"[system]{system}[user]{user}[assistant]", return_tensors="pt")
        limit = 64 + max(11, 5 * len(tokenizer(" (10,10)")["input_ids"])) * 16 + 50 * reasoning
        output = model.generate(**ids, max_new_tokens=limit, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert reply.text == tokenizer.decode(output, skip_special_tokens=True)


def test_a_model_without_a_chat_template_says_so(tiny_model):
    with pytest.raises(CheckpointError, match="has no chat template: ask it with --prompt plain"):
        list(engine.generate(Weights(tiny_model), chat(reasoning=False)))


def test_agents_answer_through_the_same_door():
    for name, agent in AGENTS.items():
        for case, reply in ask(find(name), [*requests("small", 10), *requests("unsolvable-small", 4)]):
            assert read(reply.text, case.maze).strict == agent(case)


def test_an_agent_has_no_folder():
    with pytest.raises(CheckpointError, match="has no weights"):
        find("oracle").weights()

"""The engines against the plainest way to do the same."""

import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.mazes import suite
from benchmark.mazes.answer import read
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.prompt import prompt
from benchmark.mazes.score import score
from models.engines import Request, ask
from models.engines import transformers as engine
from models.engines.agents import AGENTS
from models.registry import Checkpoint, find


def requests(tier, n, drawing="compact"):
    return [Request(case.id, case.maze, prompt(case.maze, drawing)) for case in suite.cases(tier)[:n]]


@pytest.mark.parametrize("cache_bytes", [engine.CACHE_BYTES, 2 * 2 * 16 * 4 * 500])
def test_batches_say_what_greedy_search_says_one_by_one(tiny_model, monkeypatch, cache_bytes):
    monkeypatch.setattr(engine, "CACHE_BYTES", cache_bytes)
    asked = requests("tiny", 6) + [
        Request("block", case.maze, prompt(case.maze, "block")) for case in suite.cases("small")[:1]
    ]
    replies = dict(engine.generate(tiny_model, asked))
    assert replies.keys() == {request.key for request in asked}
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    for request in asked:
        ids = tokenizer(request.prompt, return_tensors="pt")["input_ids"]
        limit = 64 + 5 * request.maze.rows * request.maze.cols
        written = []
        with torch.inference_mode():
            for _ in range(limit):
                token = int(model(ids).logits[0, -1].argmax())
                if token == tokenizer.eos_token_id:
                    break
                written.append(token)
                ids = torch.cat([ids, torch.tensor([[token]])], 1)
        assert replies[request.key].text == tokenizer.decode(written)
        assert replies[request.key].tokens == len(written)
        assert replies[request.key].truncated == (len(written) == limit)


@pytest.mark.parametrize("spoilt", ["config.json", "model.safetensors"])
def test_a_folder_that_does_not_load_is_a_clear_error(tiny_model, tmp_path, spoilt):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / spoilt).write_text("{}")
    with pytest.raises(CheckpointError, match="cannot load the model"):
        list(engine.generate(tmp_path, requests("tiny", 1)))


def test_agents_answer_through_the_same_door():
    for name, agent in AGENTS.items():
        for key, reply in ask(find(name), requests("small", 10)):
            case = suite.Case.of("small", key)
            assert read(reply.text, case.maze.start).moves == agent(case.maze)


def test_the_random_walk_never_meets_a_wall_and_is_the_same_each_time():
    for case in suite.cases("medium")[:50]:
        moves = AGENTS["random-walk"](case.maze)
        assert moves == AGENTS["random-walk"](case.maze)
        assert score(case.maze, read(moves, case.maze.start)).outcome in ("optimal", "solved", "short")


def test_the_constant_answer_is_constant():
    assert len({AGENTS["constant"](case.maze) for case in suite.cases("small")}) == 1


def test_an_agent_has_no_folder():
    with pytest.raises(CheckpointError, match="has no weights"):
        Checkpoint("oracle").folder()

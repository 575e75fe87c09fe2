"""How long an engine would take for some requests to a checkpoint, and how much memory; nothing is loaded for that.

Prompts are counted with the model's tokenizer, one of each group of cases. How long replies get is only expected: as
long as the searches of the nano family, a few tokens per move for an answer at once, a part of the budget for thoughts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from benchmark.mazes.errors import CheckpointError
from models import budget, chat, hardware
from models.audit import read_tokenizer
from models.chat_rendering import render
from models.checkpoints import Checkpoint
from models.engines import ENGINES, EngineInfo
from models.engines.cost import ModelSize, Texts, Workload
from models.requests import Request
from models.settings_file import read_settings
from models.tensor_headers import read_tensors
from models.weights import Weights

from . import machine

LONG = 600.0
"""Seconds after which a run counts as long."""
BRIEF = 10.0
"""Seconds: an engine that needs less on a usual machine is taken without measuring this one."""
SEARCH = (9.0, 8.2)
"""Tokens of a reply of the nano family: fixed, and per cell. Means from 4x4 to 20x20 differ by less than 2 %."""
SEARCH_MOST = 600
"""In mazes that are larger than those of its training (8x8), it ends its searches too early."""
MOVES = (3.3, 0.155)
"""Moves of a shortest path in the suite: fixed, and per cell."""
TOKENS_PER_MOVE = 1.2
BESIDE_MOVES = {"plain": 4, "chat": 30}
"""Tokens besides the moves, on average, by prompt style: some replies to chats explain themselves, or loop."""
THOUGHT_SHARE = 0.4
"""The part of the budget for thoughts that is used, on average."""
FULL_SHARE = 0.8
"""The part of the limit that a reply takes which nothing ends early."""
SPREAD = {"search": 1.06, "plain": 4.0, "chat": 4.0}
"""How much longer the longest reply is than the mean, by answer format."""
CHARACTERS_PER_TOKEN = 2.0
"""Of drawings, where a tokenizer cannot be asked."""
CELL_NAME = "(10,10)"


@dataclass(frozen=True)
class Estimate:
    """What requests are expected to cost with one engine."""

    seconds: float
    memory_bytes: int
    prompt_tokens: int
    """Of all prompts."""
    reply_tokens: int
    """Of all replies, expected."""


def estimate(checkpoint: Checkpoint, requests: Sequence[Request], engine: str) -> Estimate | None:
    """What these requests to a checkpoint cost with an engine on this machine.

    None where that is not known: for agents and servers, without requests, and for a checkpoint that has yet to be
    downloaded. One that has yet to be built is as large as the one that it starts from. The speed of the machine is
    measured the first time.
    """
    brief = _estimate(checkpoint, requests, engine, is_measured=False)
    return brief if brief is None or brief.seconds < BRIEF else _estimate(checkpoint, requests, engine)


def _estimate(
    checkpoint: Checkpoint, requests: Sequence[Request], engine: str, is_measured: bool = True
) -> Estimate | None:
    """The estimate for this machine, or for a usual one; None where there is none."""
    try:
        weights = _find_weights(checkpoint) if ENGINES[engine].runs_models and requests else None
        size = weights and measure_model(weights, checkpoint.options.dtype)
        if not weights or not size:
            return None
        dtype = hardware.dtype(checkpoint.options.dtype, weights.dtype)
        speed = machine.measured(dtype) if is_measured else machine.USUAL
        return _compute(ENGINES[engine], Workload(speed, size, expect_texts(checkpoint, weights, requests)))
    except Exception:  # noqa: BLE001  settings of any kind; an estimate is not a reason to fail
        return None


def _compute(info: EngineInfo, workload: Workload) -> Estimate:
    texts = workload.texts
    return Estimate(
        info.estimate_cost(workload),
        info.estimate_memory(workload),
        round(sum(texts.prompts)),
        round(sum(texts.replies)),
    )


def list_local_engines(checkpoint: Checkpoint) -> list[str]:
    """The engines that can run a checkpoint on this machine."""
    if checkpoint.engine:
        return []
    return [info.name for info in ENGINES.values() if info.runs_models and info.supports(checkpoint)]


def choose_cheapest(names: Sequence[str], checkpoint: Checkpoint, requests: Sequence[Request]) -> str:
    """The engine that has all replies soonest; of equals the last of these, and the first where nothing is known."""
    if len(names) == 1:
        return names[0]
    if hardware.has_cuda() and "vllm" in names:
        return "vllm"  # not measured: it starts faster than the batches of transformers are done
    for is_measured in (False, True):
        estimates = {name: _estimate(checkpoint, requests, name, is_measured) for name in names}
        known = {name: value.seconds for name, value in estimates.items() if value}
        if known and (is_measured or min(known.values()) < BRIEF):
            return min(reversed(known), key=lambda name: known[name])
    return names[0]


def _find_weights(checkpoint: Checkpoint) -> Weights | None:
    """The weights of a checkpoint, or those from which it will be built; None if there are none on this machine."""
    if checkpoint.is_agent or checkpoint.engine:
        return None
    with suppress(CheckpointError):  # asking it reports the error
        return next((one.weights() for one in (checkpoint, *checkpoint.ancestors()) if not one.is_missing), None)
    return None


def measure_model(weights: Weights, option: str = "auto") -> ModelSize | None:
    """The size of a model, from its settings and the headers of its files; None where these cannot be read.

    `option` is the option `dtype`.
    """
    try:
        settings = read_settings(weights.whole / "config.json")
    except CheckpointError:
        return None
    dtype = hardware.dtype(option, weights.dtype)
    text = settings.get("text_config")
    config = text if isinstance(text, Mapping) else settings

    def number(*names: str) -> int:
        return next((config[name] for name in names if isinstance(config.get(name), int) and config[name] > 0), 0)

    tensors = read_tensors(weights.whole)
    width, layers = number("hidden_size", "n_embd", "d_model"), number("num_hidden_layers", "n_layer", "num_layers")
    heads = number("num_attention_heads", "n_head", "num_heads")
    if not (tensors.parameters and width and layers):
        return None
    key_heads, head = number("num_key_value_heads") or heads, number("head_dim") or (width // heads if heads else width)
    itemsize = 4 if dtype == "float32" else 2
    tied = settings.get("tie_word_embeddings", config.get("tie_word_embeddings", False))
    experts, used = number("num_local_experts", "num_experts", "n_routed_experts"), number("num_experts_per_tok")
    multiplied = tensors.parameters - (0 if tied else tensors.embeddings)
    if experts and used:  # most parameters of such a model are experts
        multiplied = int(multiplied * min(1.0, 0.1 + used / experts))
    return ModelSize(
        parameters=multiplied,
        weight_bytes=tensors.parameters * itemsize,
        layers=layers,
        bytes_per_token=2 * layers * max(1, key_heads) * head * itemsize,
        vocabulary=number("vocab_size"),
    )


def expect_texts(checkpoint: Checkpoint, weights: Weights, requests: Sequence[Request]) -> Texts:
    """The expected tokens of prompts and replies."""
    groups: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        groups[request.case.group].append(request)
    prompts, replies, shared = [], [], 0.0
    name = max(1, _count(weights, CELL_NAME))
    for group in groups.values():
        written = [_write(request.prompt) for request in group]
        tokens = count_prompt_tokens(weights, group[0]) / max(1, len(written[0]))
        prompts += [len(text) * tokens for text in written]
        common = _common_beginning(written)
        shared += len(common) * tokens * (len(written) - 1)
        replies += [expect_reply_tokens(checkpoint, request, name) for request in group]
    return Texts(prompts, replies, shared, _spread(checkpoint, requests[0]))


def _common_beginning(texts: Sequence[str]) -> str:
    """The beginning that all texts share; empty for one text."""
    first, last = min(texts), max(texts)
    if len(texts) == 1:
        return ""
    length = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:length]


def _write(prompt: str | Sequence[Mapping[str, str]]) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message["content"] for message in prompt)


def _spread(checkpoint: Checkpoint, request: Request) -> float:
    return SPREAD[checkpoint.answer_format] if _ends_early(checkpoint, request) else 1 / FULL_SHARE


def _ends_early(checkpoint: Checkpoint, request: Request) -> bool:
    generation = request.generation
    return checkpoint.answer_format == "search" or generation.ends_with_answer or request.reasoning


def expect_reply_tokens(checkpoint: Checkpoint, request: Request, tokens_per_cell: int = 5) -> float:
    """The expected tokens of a reply, at most its limit; `tokens_per_cell` as for `Request.token_limit`."""
    limit = request.token_limit(tokens_per_cell)
    if checkpoint.answer_format == "search":
        fixed, per_cell = SEARCH
        return min(limit, SEARCH_MOST, fixed + per_cell * request.cells)
    if not _ends_early(checkpoint, request):
        return FULL_SHARE * limit
    fixed, per_cell = MOVES
    style = "plain" if isinstance(request.prompt, str) else "chat"
    expected = TOKENS_PER_MOVE * (fixed + per_cell * request.cells) + BESIDE_MOVES[style]
    if request.reasoning or request.generation.thinking_budget:
        budgeted = request.generation.thinking_budget or budget.THOUGHTS
        expected += THOUGHT_SHARE * budgeted
    return min(limit, expected)


def count_prompt_tokens(weights: Weights, request: Request) -> int:
    """The tokens of a prompt, counted by the model's tokenizer, or from its characters where that cannot be asked."""
    text = _write(request.prompt)
    if not isinstance(request.prompt, str) and weights.chat_template:
        text = render(chat.fold(chat.choose(weights.chat_template)), request.prompt) or text
    return _count(weights, text)


@cache
def _count(weights: Weights, text: str) -> int:
    tokenizer = read_tokenizer(weights)
    if tokenizer is None:
        return round(len(text) / CHARACTERS_PER_TOKEN)
    return len(tokenizer.encode(text, add_special_tokens=False).ids)

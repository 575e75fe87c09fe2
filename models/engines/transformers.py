"""The embedded engine: batched greedy decoding with transformers, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.mazes.errors import CheckpointError
from models import load

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from benchmark.mazes.suite import Case
    from models.load import Weights

    from . import Reply, Request

CACHE_BYTES = 2**30  # what the keys and values of one batch may take
MOST_ROWS = 128  # more rows in a batch gain nothing on two cores
THOUGHTS = 4096  # the tokens that reasoning may take beside the answer


def generate(weights: Weights, requests: Sequence[Request]) -> Iterator[tuple[Case, Reply]]:
    """Replies to all requests, longest prompts first, so that a batch that does not fit fails at once.

    A reply has room for `engines.room` tokens (and THOUGHTS, if it may think). An adapter stays unmerged, and has to
    change what its base says.

    Raises CheckpointError where there is no model that loads, its adapter does nothing, or one without a chat template
    is to chat.
    """
    import torch

    from . import Reply, room

    model, tokenizer = load.model(weights), load.tokenizer(weights)
    if torch.cuda.is_available():
        model = model.to("cuda", torch.bfloat16)

    known = model.generation_config.eos_token_id  # a model may end its text in several ways
    ends = {*(known if isinstance(known, list) else [known]), tokenizer.eos_token_id}
    cell_tokens = len(tokenizer(" (10,10)", add_special_tokens=False)["input_ids"])
    asked = []
    for request in requests:
        maze = request.case.maze
        limit = room(maze.rows * maze.cols, cell_tokens) + (THOUGHTS if request.reasoning else 0)
        asked.append((_ids(request, tokenizer, weights.folder), limit, request.case))
    if weights.base and asked:
        load.check_applied(model, asked[0][0], weights)
    asked.sort(key=lambda item: (-item[1], -len(item[0]), item[2].group, item[2].id))

    for batch in _batches(asked, CACHE_BYTES // _bytes_per_token(model)):
        ids, limits, cases = zip(*batch, strict=True)
        inputs = tokenizer.pad({"input_ids": list(ids)}, return_tensors="pt").to(model.device)
        with torch.inference_mode():
            output = model.generate(
                **inputs, max_new_tokens=max(limits), do_sample=False, num_beams=1, pad_token_id=tokenizer.pad_token_id
            )
        written = output[:, inputs["input_ids"].shape[1] :].tolist()
        for case, limit, tokens in zip(cases, limits, written, strict=True):
            end = next((at for at, token in enumerate(tokens[:limit]) if token in ends), None)
            kept = tokens[: limit if end is None else end]
            yield case, Reply(tokenizer.decode(kept, skip_special_tokens=True), len(kept), truncated=end is None)


def _ids(request: Request, tokenizer: PreTrainedTokenizerBase, folder: Path) -> list[int]:
    if isinstance(request.prompt, str):
        return tokenizer(request.prompt)["input_ids"]
    if tokenizer.chat_template is None:
        raise CheckpointError(f"the model in {folder} has no chat template: ask it with --prompt plain")
    return tokenizer.apply_chat_template(request.prompt, add_generation_prompt=True, return_dict=True)["input_ids"]


def _bytes_per_token(model: PreTrainedModel) -> int:
    """The size of one token's keys and values over all layers."""
    config = model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * head * model.dtype.itemsize


def _batches(asked: list[tuple[list[int], int, Case]], room: int) -> Iterator[list[tuple[list[int], int, Case]]]:
    """Cut a list sorted longest first into batches of at most `room` tokens, and at least one question each."""
    while asked:
        ids, limit, _ = asked[0]
        size = max(1, min(MOST_ROWS, room // (len(ids) + limit)))
        yield asked[:size]
        asked = asked[size:]

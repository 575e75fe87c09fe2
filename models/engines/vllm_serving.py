"""vLLM itself, in the process that `vllm_process` is: orders in, replies out as they are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

# isort: split  vLLM comes first: when it is imported it sets variables that torch reads
import torch
from transformers import AutoConfig
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

SETTLED = 30.0  # seconds to wait for the memory of a process that has just ended on the same GPU


def serve(orders: Iterator[dict[str, Any]], send: Callable[[dict[str, Any]], None]) -> None:
    """Start vLLM and carry out the orders, see `vllm_process`."""
    settings = next(orders)
    _wait_for_memory()
    llm = LLM(max_model_len=_longest_text(settings), **settings)
    send({"ready": True})
    adapters: dict[str, LoRARequest] = {}
    numbers = count()  # of requests, never used again
    for order in orders:
        folder = order["adapter"]
        if folder and folder not in adapters:
            adapters[folder] = LoRARequest(folder, len(adapters) + 1, folder)
            if order["requests"] and not _is_applied(llm, order["requests"][0][0], adapters[folder]):
                send({"unapplied": True})
                continue
        for index, ids in _carry_out(llm, order, adapters.get(folder), numbers):
            send({"at": index, "ids": ids})
        send({"done": True})


def _carry_out(
    llm: LLM, order: dict[str, Any], adapter: LoRARequest | None, numbers: Iterator[int]
) -> Iterator[tuple[int, list[int]]]:
    """The place and token ids of each reply, as soon as it is done.

    `LLM.generate` returns when the last reply is there; the engine below it is stepped by hand, so that a reply can be
    committed while others are still being written.
    """
    engine = llm.llm_engine
    places: dict[str, int] = {}
    for index, (ids, limit, temperature, seed) in enumerate(order["requests"]):
        sampling = SamplingParams(
            temperature=temperature,
            seed=seed if temperature else None,
            max_tokens=limit,
            stop_token_ids=order["stop"],
            detokenize=False,
        )
        name = str(next(numbers))
        places[name] = index
        engine.add_request(name, {"prompt_token_ids": ids}, sampling, lora_request=adapter)
    while engine.has_unfinished_requests():
        for output in engine.step():
            if output.finished:
                # vLLM adds to the names of requests when it renames them for itself
                name = output.request_id.partition("-")[0]
                yield places[name], list(output.outputs[0].token_ids)


def _is_applied(llm: LLM, ids: list[int], adapter: LoRARequest) -> bool:
    """Whether an adapter changes how likely the next tokens of a text are; each is asked in a batch of its own."""
    sampling = SamplingParams(temperature=0, max_tokens=1, logprobs=5, detokenize=False)
    logprobs = []
    for one in (None, adapter):
        (reply,) = llm.generate([{"prompt_token_ids": ids}], sampling, lora_request=one, use_tqdm=False)
        logprobs.append({token: known.logprob for token, known in reply.outputs[0].logprobs[0].items()})
    return logprobs[0] != logprobs[1]


def _longest_text(settings: dict[str, Any]) -> int | None:
    """The longest text, where the model knows a longer one than is wanted; else what vLLM takes."""
    longest: int = settings.pop("longest")
    config = AutoConfig.from_pretrained(settings["model"], trust_remote_code=settings["trust_remote_code"])
    known = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None) or 0
    return longest if known > longest else None


def _wait_for_memory() -> None:
    """Wait until the free memory of the GPU no longer grows: it comes back some time after a process has ended."""
    if not torch.cuda.is_available():
        return
    free, until = -1, time.monotonic() + SETTLED
    while time.monotonic() < until:
        before, free = free, torch.cuda.mem_get_info()[0]
        if free <= before:
            return
        time.sleep(0.5)

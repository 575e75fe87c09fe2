"""vLLM itself, in the process that `vllm_process` is: orders in, replies out as they are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

# isort: split  vLLM comes first: when it is imported it sets variables that torch reads
import torch
from transformers import AutoConfig, AutoTokenizer
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RequestOutputKind

from .vllm_rows import Row

SETTLED = 30.0  # seconds to wait for the memory of a process that has just ended on the same GPU
PROGRESS = 0.5  # seconds after which it is told how many tokens were generated


def serve(orders: Iterator[dict[str, Any]], send: Callable[[dict[str, Any]], None]) -> None:
    """Start vLLM and carry out the orders, see `vllm_process`."""
    settings = next(orders)
    _wait_for_memory()
    llm = LLM(**_limit_length(settings))
    send({"ready": True})
    adapters: dict[str, LoRARequest] = {}
    numbers = count()  # of requests, never used again
    for order in orders:
        folder = order["adapter"]
        if folder and folder not in adapters:
            adapters[folder] = LoRARequest(folder, len(adapters) + 1, folder)
            if order["requests"] and not _is_applied(llm, order["requests"][0]["ids"], adapters[folder]):
                send({"unapplied": True})
                continue
        sampling = [_sample(request["sampling"], order["stop"]) for request in order["requests"]]
        rows = [Row(place, request["ids"], request["watch"]) for place, request in enumerate(order["requests"])]
        decode = _load_decoder(settings, order["tokenizer"]) if any(row.is_watched for row in rows) else None
        for row in rows:
            row.start(order["stop"], decode)
        for message in _carry_out(llm, rows, sampling, adapters.get(folder), numbers):
            send(message)
        send({"done": True})


def _carry_out(
    llm: LLM, rows: list[Row], sampling: list[SamplingParams], adapter: LoRARequest | None, numbers: Iterator[int]
) -> Iterator[dict[str, Any]]:
    """Each reply as soon as it is done, and how many tokens were generated.

    `LLM.generate` returns when the last reply is there; the engine below it is stepped by hand, so that a reply can be
    committed while others are still being written, and ended before its model ends it.
    """
    engine = llm.llm_engine
    running: dict[str, Row] = {}
    for row, params in zip(rows, sampling, strict=True):
        running[name := str(next(numbers))] = row
        engine.add_request(name, {"prompt_token_ids": row.prompt}, params, lora_request=adapter)
    tokens, told = 0, time.monotonic()
    while engine.has_unfinished_requests():
        for output in engine.step():
            # vLLM adds to the names of requests when it renames them for itself
            name = output.request_id.partition("-")[0]
            if name not in running:
                continue
            ids = output.outputs[0].token_ids
            tokens += len(ids)
            if running[name].add(ids, output.finished):
                if not output.finished:
                    engine.abort_request([name])
                yield running.pop(name).message()
        if time.monotonic() - told > PROGRESS:
            yield {"tokens": tokens}
            tokens, told = 0, time.monotonic()
    yield {"tokens": tokens}


def _sample(arguments: dict[str, Any], stop_ids: list[int]) -> SamplingParams:
    return SamplingParams.from_optional(
        **arguments, stop_token_ids=stop_ids, detokenize=False, output_kind=RequestOutputKind.DELTA
    )


def _load_decoder(settings: dict[str, Any], folder: str) -> Callable[[Sequence[int]], str]:
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=settings["trust_remote_code"])
    return partial(tokenizer.decode, skip_special_tokens=True)


def _is_applied(llm: LLM, ids: list[int], adapter: LoRARequest) -> bool:
    """Whether an adapter changes how likely the next tokens of a text are; each is asked in a batch of its own."""
    sampling = SamplingParams(temperature=0, max_tokens=1, logprobs=5, detokenize=False)
    logprobs = []
    for one in (None, adapter):
        (reply,) = llm.generate([{"prompt_token_ids": ids}], sampling, lora_request=one, use_tqdm=False)
        logprobs.append({token: known.logprob for token, known in reply.outputs[0].logprobs[0].items()})
    return logprobs[0] != logprobs[1]


def _limit_length(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, with the longest text where the model knows a longer one than is wanted."""
    longest: int = settings["longest"]
    wanted = {name: value for name, value in settings.items() if name != "longest"}
    config = AutoConfig.from_pretrained(settings["model"], trust_remote_code=settings["trust_remote_code"])
    known = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None) or 0
    return {"max_model_len": longest if known > longest else None, **wanted}


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

"""vLLM itself, in the process that `vllm_process` is: orders in, replies out as they are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

# isort: split  vLLM comes first: when it is imported it sets variables that torch reads
import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase
from vllm import LLM, RequestOutput, SamplingParams
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RequestOutputKind

from .codec import Codec
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
        rows = [Row(place, request, order["stop"]) for place, request in enumerate(order["requests"])]
        if any(row.is_watched for row in rows):
            _watch(
                rows, AutoTokenizer.from_pretrained(order["tokenizer"], trust_remote_code=settings["trust_remote_code"])
            )
        for message in _Generation(llm, order["stop"], adapters.get(folder), numbers).run(rows):
            send(message)
        send({"done": True})


class _Generation:
    """The replies to one order.

    `LLM.generate` returns when the last reply is there; the engine below it is stepped by hand, so that a reply can be
    committed while others are still being written, and ended before its model ends it.
    """

    def __init__(self, llm: LLM, stop_ids: list[int], adapter: LoRARequest | None, numbers: Iterator[int]) -> None:
        self._engine = llm.llm_engine
        self._stop_ids, self._adapter, self._numbers = stop_ids, adapter, numbers
        self._running: dict[str, Row] = {}

    def run(self, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
        """Each reply as soon as it is done, and how many tokens were generated."""
        for row in rows:
            self._start(row)
        tokens, told = 0, time.monotonic()
        while self._engine.has_unfinished_requests():
            for output in self._engine.step():
                tokens += len(output.outputs[0].token_ids)
                yield from self._read(output)
            if time.monotonic() - told > PROGRESS:
                yield {"tokens": tokens}
                tokens, told = 0, time.monotonic()
        yield {"tokens": tokens}

    def _start(self, row: Row) -> None:
        """Let vLLM generate a reply, or the rest of one."""
        self._running[name := str(next(self._numbers))] = row
        sampling = SamplingParams.from_optional(
            **row.sampling | {"max_tokens": row.left},
            stop_token_ids=self._stop_ids,
            detokenize=False,
            output_kind=RequestOutputKind.DELTA,
        )
        self._engine.add_request(name, {"prompt_token_ids": row.prompt}, sampling, lora_request=self._adapter)

    def _read(self, output: RequestOutput) -> Iterator[dict[str, Any]]:
        """Add new tokens to their reply; gives it if it is over."""
        name = output.request_id.partition("-")[0]  # vLLM adds to the names of requests when it renames them for itself
        if (row := self._running.get(name)) is None:
            return
        is_over = row.add(output.outputs[0].token_ids, output.finished)
        if not (is_over or row.is_interrupted):
            return
        del self._running[name]
        if not output.finished:
            self._engine.abort_request([name])
        if is_over:
            yield row.message()
        else:
            self._start(row)


def _watch(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase) -> None:
    codec = Codec.of(tokenizer)
    for row in rows:
        row.watch(codec.decode, codec.encode)


def _is_applied(llm: LLM, ids: list[int], adapter: LoRARequest) -> bool:
    """Whether an adapter changes how likely the next tokens of a text are; each is asked in a batch of its own."""
    sampling = SamplingParams(temperature=0, max_tokens=1, logprobs=5, detokenize=False)
    logprobs = []
    for one in (None, adapter):
        (reply,) = llm.generate([{"prompt_token_ids": ids}], sampling, lora_request=one, use_tqdm=False)
        logprobs.append({token: known.logprob for token, known in reply.outputs[0].logprobs[0].items()})
    return logprobs[0] != logprobs[1]


def _limit_length(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, with the longest text that is wanted, where the model knows a longer one or sets no limit."""
    longest: int = settings["longest"]
    wanted = {name: value for name, value in settings.items() if name != "longest"}
    config = AutoConfig.from_pretrained(settings["model"], trust_remote_code=settings["trust_remote_code"])
    known = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None) or 0
    return {"max_model_len": None if 0 < known <= longest else longest, **wanted}


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

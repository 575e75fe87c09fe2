"""vLLM in a process of its own: started by `engines.vllm`, spoken to in lines of JSON.

    in    {...}                                             settings of vllm.LLM
    out   {"ready": true}
    in    {"adapter": FOLDER or null, "stop": [id, ...], "requests": [[ids, limit, temperature, seed], ...]}
    out   {"at": place in the list, "ids": [...]}           for each, as soon as it is done
    out   {"done": true}                                    or {"unapplied": true}: the adapter changes nothing

It ends with its input, so that it never outlives who started it, and everything that vLLM prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vllm import LLM
    from vllm.lora.request import LoRARequest

SETTLED = 30.0  # seconds to wait for the memory of a process that has just ended on the same GPU


def main() -> None:
    """Speak to whoever started this process."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    serve(map(json.loads, _lines()), say)


def _lines() -> Iterator[str]:
    """The lines of the input, read in a thread; when it ends, this process ends, whatever it is at."""
    read: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            read.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield read.get()


def serve(orders: Iterator[dict[str, Any]], say: Callable[[dict[str, Any]], None]) -> None:
    """Start vLLM and carry out the orders."""
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    settings = next(orders)
    _settle()
    llm = LLM(max_model_len=_length(settings), **settings)
    engine = llm.llm_engine
    say({"ready": True})
    adapters: dict[str, LoRARequest] = {}
    number = 0
    for order in orders:
        folder = order["adapter"]
        if folder and folder not in adapters:
            adapters[folder] = LoRARequest(folder, len(adapters) + 1, folder)
            if order["requests"] and not _is_applied(llm, order["requests"][0][0], adapters[folder]):
                say({"unapplied": True})
                continue
        adapter = adapters.get(folder)
        first = number
        for ids, limit, temperature, seed in order["requests"]:
            sampling = SamplingParams(
                temperature=temperature,
                seed=seed if temperature else None,
                max_tokens=limit,
                stop_token_ids=order["stop"],
                detokenize=False,
            )
            engine.add_request(str(number), {"prompt_token_ids": ids}, sampling, lora_request=adapter)
            number += 1
        while engine.has_unfinished_requests():
            for output in engine.step():
                if output.finished:
                    # vLLM adds to the names of requests when it renames them for itself
                    at = int(output.request_id.partition("-")[0]) - first
                    say({"at": at, "ids": list(output.outputs[0].token_ids)})
        say({"done": True})


def _is_applied(llm: LLM, ids: list[int], adapter: LoRARequest) -> bool:
    """Whether an adapter changes how likely the next tokens of a text are; each is asked in a batch of its own."""
    from vllm import SamplingParams

    sampling = SamplingParams(temperature=0, max_tokens=1, logprobs=5, detokenize=False)
    found = []
    for one in (None, adapter):
        (reply,) = llm.generate([{"prompt_token_ids": ids}], sampling, lora_request=one, use_tqdm=False)
        found.append({token: known.logprob for token, known in reply.outputs[0].logprobs[0].items()})
    return found[0] != found[1]


def _length(settings: dict[str, Any]) -> int | None:
    """The longest text, where the model knows a longer one than is wanted; else what vLLM takes."""
    from transformers import AutoConfig

    longest = settings.pop("longest")
    config = AutoConfig.from_pretrained(settings["model"], trust_remote_code=settings["trust_remote_code"])
    known = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None) or 0
    return longest if known > longest else None


def _settle() -> None:
    """Wait until the free memory of the GPU no longer grows: it comes back some time after a process has ended."""
    import torch

    if not torch.cuda.is_available():
        return
    free, until = -1, time.monotonic() + SETTLED
    while time.monotonic() < until:
        before, free = free, torch.cuda.mem_get_info()[0]
        if free <= before:
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()

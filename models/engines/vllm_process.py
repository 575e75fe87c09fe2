"""vLLM in a process of its own: started by `vllm_child`, spoken to in lines of JSON.

    in    {...}                                settings of vllm.LLM
    out   {"ready": true}
    in    {"adapter": FOLDER or null, "stop": [id, ...], "tokenizer": FOLDER, "requests": [REQUEST, ...]}
    out   {"at": place in the list, ...}       for each, as soon as it is done
          {"tokens": n}                        at times: how many were generated since the last such message
    out   {"done": true}                       or {"unapplied": true}: the adapter changes nothing

A REQUEST has the token ids of its prompt (`ids`), the arguments of `vllm.SamplingParams` (`sampling`), and where its
reply may end before the model ends it, what `models.stopping` has to know (`watch`). A reply has its token ids (`ids`);
where it was watched, the fields of `models.requests.Reply`.

It ends with its input, so that it never outlives who started it, and everything that vLLM prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Any


def main() -> None:
    """Exchange messages with whoever started this process.

    The pipe of stdout is kept under another number, and stdout itself becomes stderr: vLLM, its libraries and their C
    code print to it as they like, and a line of theirs among the messages would be the end of the exchange.
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def send(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    from .vllm_serving import serve  # vLLM prints when it is imported

    serve(map(json.loads, _lines()), send)


def _lines() -> Iterator[str]:
    """The lines of the input, read in a thread; when it ends, this process ends, whatever it is at.

    A parent that is killed closes the pipe and can do no more: only a thread that always reads notices that while vLLM
    computes. `os._exit` skips vLLM's own end, which waits for its work.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield lines.get()


if __name__ == "__main__":
    main()

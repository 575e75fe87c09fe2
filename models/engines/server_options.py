"""The options of a model that a server can be asked for, and those that it cannot."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from benchmark.mazes.errors import EngineError
from models.model_options import ModelOptions
from models.requests import Request

MOST_STOPS = 4  # texts in `stop`; OpenAI and others refuse more
KNOWN = (
    "frequency_penalty",
    "logit_bias",
    "min_p",
    "min_tokens",
    "presence_penalty",
    "reasoning_effort",
    "repeat_penalty",
    "repetition_penalty",
    "top_k",
    "top_p",
    "verbosity",
)
"""Arguments of the sampling that servers have: OpenAI's, and those of vLLM, SGLang and llama.cpp beside them."""
OWN = {
    "chat_template_kwargs": "--chat-template-args",
    "max_completion_tokens": "--max-new-tokens",
    "max_new_tokens": "--max-new-tokens",
    "max_tokens": "--max-new-tokens",
    "n": "--samples",
    "seed": "--samples",
    "stop": "--stop",
    "temperature": "--temperature",
}
"""Fields of a request that have an option of their own."""
FIXED = ("best_of", "echo", "logprobs", "messages", "model", "prompt", "stream", "stream_options", "suffix", "tools")
"""Fields of a request that the engine needs as they are."""


def check_options(options: ModelOptions) -> None:
    """Raise EngineError for options that a server cannot be asked for. `dtype` and `engine_args` are its own."""
    if options.thinking_budget is not None:
        raise _no_budget()
    check_arguments(options.generation_args)


def check_requests(requests: Iterable[Request]) -> None:
    """The same for the options of requests."""
    names: set[str] = set()
    for request in requests:
        if request.generation.thinking_budget is not None:
            raise _no_budget()
        names.update(request.generation.arguments)
    check_arguments(names)


def check_arguments(names: Iterable[str]) -> None:
    """Raise EngineError for arguments that are no arguments of the sampling, or misspelt.

    Servers have arguments of their own: an unknown name is sent as it is, unless it resembles one that is known.
    """
    for name in sorted(names):
        if name in OWN:
            raise EngineError(f"--generation-args: use {OWN[name]} in place of {name}")
        if name in FIXED:
            raise EngineError(f"--generation-args: {name} cannot be set for a server")
        same = [known for known in KNOWN if known.replace("_", "") == name.replace("-", "").replace("_", "").lower()]
        close = same or difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.85)
        if close and name not in KNOWN:
            raise EngineError(f"--generation-args: servers have no argument {name!r}; did you mean {close[0]}?")


def fields(request: Request) -> dict[str, Any]:
    """The fields of a request's body that come from its generation options, besides its token limit."""
    options = request.generation
    is_chat = not isinstance(request.prompt, str)
    return {
        **({"stop": list(options.stop[:MOST_STOPS])} if options.stop else {}),
        **options.arguments,
        **(
            {"chat_template_kwargs": dict(options.chat_template_args)} if is_chat and options.chat_template_args else {}
        ),
    }


def _no_budget() -> EngineError:
    return EngineError(
        "--thinking-budget: servers have no common field for it. Leave it out, or limit the whole reply with "
        "--max-new-tokens; --engine vllm and --engine transformers support it for a model on this machine"
    )

"""The options of a model that a server can be asked for, and those that it cannot."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from benchmark.mazes.errors import CheckpointError
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
FIXED = {
    **dict.fromkeys(("messages", "prompt"), "it is the question"),
    **dict.fromkeys(("stream", "stream_options", "n", "best_of", "echo", "suffix"), "one whole reply is expected"),
    **dict.fromkeys(("logprobs", "top_logprobs", "tools", "functions"), "a reply is read as text"),
    "model": "it is the checkpoint",
    "chat_template_kwargs": "use chat_template_args (--chat-template-args)",
    "max_completion_tokens": "use max_new_tokens (--max-new-tokens)",
}
"""Fields of a request that cannot be set, and why; beside those of `models.model_options.RESERVED`."""


def check_options(options: ModelOptions) -> None:
    """Raise CheckpointError for options that a server cannot be asked for. `dtype` and `engine_args` are its own."""
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
    """Raise CheckpointError for arguments that are no arguments of the sampling, or misspelt.

    Servers have arguments of their own: an unknown name is sent as it is, unless it resembles one that is known.
    """
    for name in sorted(names):
        if name in FIXED:
            raise CheckpointError(f"generation_args: {name} cannot be set for a server: {FIXED[name]}")
        same = [known for known in KNOWN if known.replace("_", "") == name.replace("-", "").replace("_", "").lower()]
        close = same or difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.85)
        if close and name not in KNOWN:
            raise CheckpointError(f"generation_args: servers have no argument {name!r}; did you mean {close[0]}?")


def fields(request: Request) -> dict[str, Any]:
    """The fields of a request's body that come from its generation options, besides its token limit."""
    options = request.generation
    template, is_chat = options.chat_template_args, not isinstance(request.prompt, str)
    return {
        **({"stop": list(options.stop[:MOST_STOPS])} if options.stop else {}),
        **options.arguments,
        **({"chat_template_kwargs": dict(template)} if template and is_chat else {}),
    }


def _no_budget() -> CheckpointError:
    return CheckpointError(
        "thinking_budget (--thinking-budget): servers have no common field for it. Leave it out, or limit the whole "
        "reply with --max-new-tokens; --engine vllm and --engine transformers support it for a model on this machine"
    )

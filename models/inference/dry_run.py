"""What a session would do, without doing it: the plan, its cost on each engine, and the whole prompt of one case."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from textwrap import indent

from models.checkpoints import Checkpoint
from models.requests import Request

from .boundary import translated
from .forecast import compare_engines, describe_asking, describe_time
from .questions import Questions

GIB = 2**30


@dataclass(frozen=True)
class RenderedPrompt:
    """A prompt as a model gets it."""

    text: str
    """With all special tokens."""
    tokens: int
    limit: int
    """The most tokens of the reply."""


def render_prompt(checkpoint: Checkpoint, request: Request) -> RenderedPrompt:
    """The prompt of a request as the model gets it. Raises CheckpointError where its tokenizer cannot be loaded."""
    # transformers: a session that asks needs it too, and one that looks does without
    from models.engines.tokens import render

    text, tokens, limit = render(request, checkpoint.weights())
    return RenderedPrompt(text, tokens, limit)


def write_messages(request: Request) -> str:
    """The prompt of a request without the model's chat template: each message under its role."""
    if isinstance(request.prompt, str):
        return request.prompt
    return "\n".join(f"[{message['role']}]\n{message['content']}" for message in request.prompt)


def describe_questions(questions: Questions) -> list[str]:
    """The lines about one checkpoint."""
    checkpoint, missing = questions.checkpoint, questions.missing
    groups = Counter(case.group for case in questions.cases)
    counts = ", ".join(f"{count} {group}" for group, count in groups.items())
    lines = [
        f"{checkpoint.name}: {counts}; {len(questions.requests)} replies, {len(questions.replies)} of them in the cache"
    ]
    if checkpoint.is_agent:
        return lines
    if questions.failure:
        return [*lines, f"  {questions.failure}"]
    options = checkpoint.options.record()
    lines += [
        *(["  it has to be built or downloaded first"] if checkpoint.is_missing else []),
        f"  {describe_asking(checkpoint, questions.prompt_options)}, engine: {questions.engine}",
        *([f"  options: {', '.join(f'{name} {value!r}' for name, value in options.items())}"] if options else []),
        *_describe_costs(questions),
    ]
    return [*lines, *_describe_prompt(checkpoint, (missing or questions.requests)[0])]


def _describe_costs(questions: Questions) -> list[str]:
    estimates = compare_engines(questions)
    lines = [
        f"  {name}: {describe_time(estimate.seconds)}, {estimate.memory_bytes / GIB:.1f} GiB of memory"
        for name, estimate in estimates.items()
    ]
    if estimates:
        estimate, count = next(iter(estimates.values())), len(questions.missing)
        lines.append(
            f"  expected tokens: {estimate.prompt_tokens / count:.0f} per prompt, {estimate.reply_tokens / count:.0f} "
            "per reply"
        )
    return lines


def _describe_prompt(checkpoint: Checkpoint, request: Request) -> list[str]:
    """The whole prompt of one case; messages where the model's own files are not here."""
    case = f"{request.case.group} {request.case.id}"
    if checkpoint.engine or checkpoint.is_missing:
        return [f"  the prompt of {case}:", *indent(write_messages(request), "  | ", lambda _: True).splitlines()]
    with translated():
        prompt = render_prompt(checkpoint, request)
    head = f"  the prompt of {case}, {prompt.tokens} tokens; its reply has at most {prompt.limit}:"
    return [head, *indent(prompt.text, "  | ", lambda _: True).splitlines()]

"""What the user is told before anything is asked: how each model is asked, with which engine, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.prompt import PromptOptions
from models.checkpoints import Checkpoint

from . import cost
from .questions import Questions


def describe_time(seconds: float) -> str:
    """A time that is only expected, such as `about 4 minutes`."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


def describe_asking(checkpoint: Checkpoint, prompt: PromptOptions) -> str:
    """How a model is asked: through its chat template, or with a text to continue; and in which wording."""
    is_chat = prompt.prompt_style == "chat"
    if checkpoint.engine:
        asked = "asked with chat messages" if is_chat else "asked with a text to continue"
    elif is_chat:
        asked = "asked through its chat template"
    else:
        asked = "asked with a plain prompt" + ", although it has a chat template" * _has_chat(checkpoint)
    return f"{asked}, wording {prompt.wording}"


def _has_chat(checkpoint: Checkpoint) -> bool:
    try:
        return not checkpoint.is_missing and checkpoint.weights().has_chat
    except CheckpointError:  # asking it reports the error
        return False


def describe_plan(planned: Sequence[Questions]) -> list[str]:
    """Lines about the checkpoints of a plan: third-party models, and what takes long."""
    lines, seconds = [], 0.0
    for questions in planned:
        checkpoint, missing = questions.checkpoint, questions.missing
        if checkpoint.is_agent or questions.failure:
            continue
        estimate = cost.estimate(checkpoint, missing, questions.engine) if missing else None
        seconds += estimate.seconds if estimate else 0.0
        if checkpoint.answer_format != "search":
            asking = describe_asking(checkpoint, questions.prompt_options)
            time = f", {describe_time(estimate.seconds)}" if estimate else ""
            lines.append(f"{checkpoint.name}: {asking}, {questions.engine}{time}")
    if seconds > cost.LONG:
        lines.append(f"this takes {describe_time(seconds)}. {_describe_shortening(planned)}")
    return lines


def _describe_shortening(planned: Sequence[Questions]) -> str:
    """What would make a long run shorter."""
    ways = ["fewer mazes (--limit N, -k)"]
    for questions in planned:
        estimates = compare_engines(questions)
        chosen = estimates.get(questions.engine)
        for name, estimate in estimates.items():
            if chosen and estimate.seconds < 0.7 * chosen.seconds:
                ways.append(f"--engine {name} ({describe_time(estimate.seconds)} for {questions.checkpoint.name})")
    if any(not one.checkpoint.is_agent and one.checkpoint.answer_format != "search" for one in planned):
        ways.append("shorter replies (--max-new-tokens N)")
    return f"Shorter with {', '.join(ways)}; Ctrl-C keeps the replies that are there"


def compare_engines(questions: Questions) -> dict[str, cost.Estimate]:
    """What the missing replies cost with each engine that can run the checkpoint here, as far as that is known."""
    estimates = {
        name: cost.estimate(questions.checkpoint, questions.missing, name)
        for name in cost.list_local_engines(questions.checkpoint)
    }
    return {name: estimate for name, estimate in estimates.items() if estimate}

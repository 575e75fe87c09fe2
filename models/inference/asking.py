"""One engine is asked for all the replies of a checkpoint that are missing, with a progress bar."""

from __future__ import annotations

import sys
import time
from contextlib import closing

from tqdm import tqdm

from models.engines import Engine, describe_adjustments
from models.requests import Reply

from .committing import Committer, Replies
from .questions import Questions


def ask(questions: Questions, engine: Engine, committer: Committer) -> None:
    """Ask for what is missing, and write down in `questions.metadata` how it was asked and how long that took."""
    missing, options = questions.missing, questions.options
    questions.metadata = {
        **engine.describe(questions.checkpoint),
        **describe_adjustments(engine, questions.checkpoint),
        "sampling": {"temperature": options.temperature, "samples": questions.samples},
        **questions.describe_options(),
        "cached": len(questions.replies),
        "asked": len(missing),
    }
    if not missing and options.flips == 1:
        questions.metadata |= {"tokens": 0, "seconds": 0.0, "waited": 0.0}
        return
    started, startup_before = time.monotonic(), engine.startup_seconds
    tokens = _receive(questions, committer.commit(questions, engine.generate(questions.checkpoint, missing)))
    questions.metadata |= {
        "tokens": tokens,
        "seconds": round(time.monotonic() - started, 3),
        "waited": round(engine.startup_seconds - startup_before, 3),
        **describe_adjustments(engine, questions.checkpoint),  # some are known only now
    }
    if options.flips > 1:
        from .flips import count_flips  # it scores replies, and so loads Numba

        questions.metadata["flips"] = count_flips(questions, engine)


def _receive(questions: Questions, replies: Replies) -> int:
    """Read all replies; returns how many tokens they have."""
    tokens, started, cached = 0, time.monotonic(), len(questions.replies)
    postfix = {"cached": cached} if cached else {}
    name = f"{questions.checkpoint.name}: mazes"
    # closed, and not left to the collector of garbage: Ctrl-C is to commit what came and to stop the engine
    with (
        tqdm(total=len(questions.requests), initial=cached, desc=name, unit="maze", file=sys.stderr) as bar,
        closing(replies),
    ):
        for _, reply in replies:
            if isinstance(reply, Reply):
                tokens += reply.tokens
            rate = f"{tokens / (time.monotonic() - started):.0f}"
            bar.set_postfix(postfix | {"tokens/s": rate}, refresh=False)
            bar.update()
    return tokens

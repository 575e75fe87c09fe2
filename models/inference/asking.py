"""One engine is asked for all the replies of a checkpoint that are missing, with a progress bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from models.engines import CountingEngine, Engine, describe_adjustments
from models.requests import Reply

from .committing import Committer, Replies
from .cost import expect_reply_tokens
from .progress import Progress
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
    replies = committer.commit(questions, engine.generate(questions.checkpoint, missing))
    tokens = _receive(questions, engine, replies)
    questions.metadata |= {
        "tokens": tokens,
        "seconds": round(time.monotonic() - started, 3),
        "waited": round(engine.startup_seconds - startup_before, 3),
        **describe_adjustments(engine, questions.checkpoint),  # some are known only now
    }
    if options.flips > 1:
        from .flips import count_flips  # it scores replies, and so loads Numba

        questions.metadata["flips"] = count_flips(questions, engine)


def _receive(questions: Questions, engine: Engine, replies: Replies) -> int:
    """Read all replies; returns how many tokens they have."""
    lengths = [expect_reply_tokens(questions.checkpoint, request) for request in questions.missing]
    progress = Progress(
        f"{questions.checkpoint.name}: mazes",
        total=len(questions.requests),
        cached=len(questions.replies),
        expected_tokens=sum(lengths) / max(1, len(lengths)),
    )
    # closed, and not left to the collector of garbage: Ctrl-C is to commit what came and to stop the engine
    with closing(progress), closing(replies), _counting(engine, progress):
        for _, reply in replies:
            progress.add_reply(reply.tokens if isinstance(reply, Reply) else 0)
    return progress.tokens


@contextmanager
def _counting(engine: Engine, progress: Progress) -> Iterator[None]:
    """Let the engine tell the progress of tokens, where it can."""
    if not isinstance(engine, CountingEngine):
        yield
        return
    engine.on_tokens = progress.add_tokens
    try:
        yield
    finally:
        engine.on_tokens = None

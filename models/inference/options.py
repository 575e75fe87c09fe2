"""How a session asks."""

from __future__ import annotations

from dataclasses import dataclass

EARLY_STOPS = ("all", "answer", "off")


@dataclass(frozen=True)
class InferenceOptions:
    """How a session asks; the fields that an engine's settings name are given to it."""

    engine: str = "auto"
    """`auto`, or one of `engines.ENGINES` for models that run here."""
    cache: str = "use"
    """`use`; `refresh` asks again and keeps the new replies; `off` neither looks nor keeps."""
    samples: int = 1
    """Replies to each question."""
    temperature: float = 0.0
    """0 is greedy."""
    concurrency: int = 32
    """Questions to a server at once."""
    flips: int = 1
    """How often everything is asked, to see what changes."""
    early_stop: str = "all"
    """Where replies of third-party models end early, one of `EARLY_STOPS`: `all`; `answer`, after the line of the
    answer and at the next question; `off`."""


DEFAULTS = InferenceOptions()

"""How fast checkpoints reply: mazes and tokens a second, and the time to the first reply, for each tier and engine.

    pytest benchmark/test_throughput.py --checkpoint sft --benchmark-autosave
    pytest benchmark/test_throughput.py --checkpoint sft --benchmark-compare

Starting an engine and loading a model are left out: each engine replies once before it is timed. What is compared
stands in one group, a checkpoint and tier; the figures a second stand in a table of their own, and in `extra_info` of
the saved file. They run only where this file is named, or with `--benchmark-only`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from benchmark.mazes.suite import SUITES, Case

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from models.checkpoints import Checkpoint

    Ask = Callable[[list[Case]], tuple[float, float, int]]

MAZES = 64
"""Cases of a tier that are asked; `--limit` asks fewer."""


@pytest.mark.throughput("tiny", "small", "medium", "large")
def test_throughput(
    request: pytest.FixtureRequest, checkpoint: Checkpoint, tier: str, ask: Ask, benchmark: BenchmarkFixture
) -> None:
    """One round is all of the tier's cases, asked as one plan."""
    cases = SUITES[request.config.option.suite].cases(tier)[: min(MAZES, request.config.option.limit or MAZES)]
    benchmark.group = f"{checkpoint.name} {tier}"
    rounds: list[tuple[float, float, int]] = []
    benchmark.pedantic(lambda: rounds.append(ask(cases)), rounds=3, warmup_rounds=1)
    seconds, first, tokens = min(rounds[1:])
    benchmark.extra_info |= {
        "mazes": len(cases),
        "mazes_per_second": round(len(cases) / seconds, 2),
        "tokens_per_second": round(tokens / seconds, 1),
        "seconds_to_first_reply": round(first, 4),
    }

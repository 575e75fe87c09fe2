"""Throughput of the checkpoints: mazes and tokens per second, and seconds to the first reply, by tier and engine.

    pytest benchmark/test_throughput.py --checkpoint sft --benchmark-autosave
    pytest benchmark/test_throughput.py --checkpoint sft --benchmark-compare

These tests run only where this file is named, or with `--benchmark-only`. A warm-up round comes first, so that starting
the engine and loading the model are not measured. pytest-benchmark's table has one group for each checkpoint and tier;
the figures per second are in the `extra_info` of the file that it saves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.mazes.suite import SUITES

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from fixtures.throughput import TimeReplies, Timing
    from models.checkpoints import Checkpoint

MAX_CASES = 64
"""The cases of a tier that are asked; `--limit` asks fewer."""


@pytest.mark.throughput("tiny", "small", "medium", "large")
def test_throughput(
    request: pytest.FixtureRequest,
    checkpoint: Checkpoint,
    tier: str,
    time_replies: TimeReplies,
    benchmark: BenchmarkFixture,
) -> None:
    """Each round asks all cases of the tier at once."""
    cases = SUITES[request.config.option.suite].cases(tier)[: min(MAX_CASES, request.config.option.limit or MAX_CASES)]
    benchmark.group = f"{checkpoint.name} {tier}"
    timings: list[Timing] = []
    benchmark.pedantic(lambda: timings.append(time_replies(cases)), rounds=3, warmup_rounds=1)
    fastest = min(timings[1:])  # the first one is the warm-up
    benchmark.extra_info |= {
        "mazes": len(cases),
        "mazes_per_second": round(len(cases) / fastest.seconds, 2),
        "tokens_per_second": round(fastest.tokens / fastest.seconds, 1),
        "seconds_to_first_reply": round(fastest.seconds_to_first_reply, 4),
    }

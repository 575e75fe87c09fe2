"""What other plugins, and a conftest.py, may add to the reports. Each docstring shows a conftest.py that works."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .report import Report
    from .schema import Record


def pytest_labirinto_measures(config: pytest.Config) -> dict[str, Callable[[Record], float]]:
    """More measures to compare runs by, and for `--fail-on`: a number from 0 to 1 for a reply, the higher the better.

    How far towards the goal the walk came, whether it arrived or not (`--fail-on progress:2%`):

        def pytest_labirinto_measures(config):
            return {"progress": lambda record: record.progress}
    """


def pytest_labirinto_columns(config: pytest.Config) -> list[tuple[str, Callable[[Any], str]]]:
    """More columns of the accuracy table, for the terminal and Markdown: a head, and the text for a row of the table.

    How many mazes were solved, and not which share:

        def pytest_labirinto_columns(config):
            return [("solved", lambda row: f"{row.solved * row.n / 100:g} of {row.n}")]
    """


def pytest_labirinto_formats(config: pytest.Config) -> dict[str, Callable[[Report], str]]:
    """More formats for `--report FORMAT[=PATH]`.

    One number for a dashboard (`--report share=solved.txt`):

        def pytest_labirinto_formats(config):
            def share(report):
                models = report.table[report.table.checkpoint.isin(list(report.runs))]
                return f"{models.solved.mean():.1f}"
            return {"share": share}
    """


def pytest_labirinto_gates(config: pytest.Config, report: Report) -> list[str]:
    """More reasons for the session to fail, a sentence each, once all cases have run.

    Replies may not be cut off:

        def pytest_labirinto_gates(config, report):
            cut = sum(record.outcome == "truncated" for run in report.runs.values() for record in run.records)
            return [f"{cut} replies were cut off"] if cut else []
    """

"""pytest hooks: an outcome's letter and word, the table at the end, the run on disk."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmark.mazes.errors import LabirintoError
from benchmark.mazes.outcomes import SOLVED
from models.checkpoints import Checkpoint

from .run import Line, Run, write

LETTERS = {"solved": ".", "unsolved": "u"}
_LINE = {field.name for field in fields(Line)}


class Collector:
    """The measurements of a session, by checkpoint, in the order of their first case."""

    def __init__(self, started: datetime) -> None:
        self.started = started
        self.lines: dict[str, list[Line]] = {}
        self.checkpoints: dict[str, Checkpoint] = {}
        self.asked: dict[str, dict[str, Any]] = {}
        self.saved: list[str] = []


_collector = pytest.StashKey[Collector]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_collector] = collector = Collector(datetime.now(UTC))
    config.pluginmanager.register(_Recorder(collector))


def pytest_collection_finish(session: pytest.Session) -> None:
    checkpoints = session.config.stash[_collector].checkpoints
    for item in session.items:
        checkpoint = getattr(item, "callspec", None) and item.callspec.params.get("checkpoint")
        if isinstance(checkpoint, Checkpoint):
            checkpoints[checkpoint.name] = checkpoint


class _Recorder:
    """`pytest_runtest_logreport` is given no config, so it is held here."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        measured = _measured(report)
        if measured is not None:
            line = Line(**{name: measured[name] for name in _LINE})
            self._collector.lines.setdefault(measured["checkpoint"], []).append(line)
            self._collector.asked[measured["checkpoint"]] = measured["asking"]


def _measured(report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any] | None:
    """The measurement that a maze's test recorded, None for every other report."""
    properties = dict(getattr(report, "user_properties", ()))
    return properties if getattr(report, "when", "") == "call" and report.passed and "outcome" in properties else None


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    measured = _measured(report)
    if measured is None:
        return None
    word = "solved" if measured["outcome"] in SOLVED else "unsolved"
    return word, LETTERS[word], measured["outcome"].upper()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save one run per checkpoint, also after Ctrl-C."""
    from .provenance import provenance

    collector, ended = session.config.stash[_collector], datetime.now(UTC)
    for name, lines in collector.lines.items():
        plain = re.sub(r"[^\w.@+-]+", "_", name)  # a name may have slashes and colons
        path = session.config.rootpath / "runs" / f"{collector.started:%Y%m%dT%H%M%SZ}-{plain}.jsonl"
        try:
            checkpoint, asked = collector.checkpoints[name], collector.asked[name]
            about = provenance(checkpoint, session.config.rootpath, collector.started, ended, asked)
            write(Run(about, lines), path)
            collector.saved.append(f"saved {_shown(path)}")
        except LabirintoError as error:
            collector.saved.append(f"not saved: {error}")


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    collector = config.stash[_collector]
    if not collector.lines:
        return
    from .accuracy import table
    from .render.terminal import render

    terminalreporter.section("mazes")
    terminalreporter.write_line(render(table(collector.lines)))
    for line in collector.saved:
        terminalreporter.write_line(line)

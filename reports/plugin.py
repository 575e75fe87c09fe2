"""pytest hooks: an outcome's letter and word, the table at the end, the run on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.suite import Case
from models.checkpoints import Checkpoint

from . import extensions, hookspec, option_checks, options
from .collector import Collector, measured_by
from .ending import SessionReport, fail, show_without_terminal
from .recording import Recording

if TYPE_CHECKING:
    from .mri.result import Diff

LETTERS = {"solved": ".", "unsolved": "u"}
_recording = pytest.StashKey[Recording]()


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspec)


def pytest_configure(config: pytest.Config) -> None:
    collector = Collector(config.rootpath, config.option.suite)
    config.pluginmanager.register(_LogReports(collector))
    config.stash[_recording] = Recording(config, extensions.gather(config), collector)
    option_checks.check_alone(config.option)


class _LogReports:
    """`pytest_runtest_logreport` is given no config, so the collector is held here."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if measured := measured_by(report):
            self._collector.add(measured[0]["checkpoint"], measured)


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    recording = config.stash[_recording]
    groups: dict[str, None] = {}
    for item in session.items:
        if planned := _planned_case(item):
            checkpoint, case = planned
            recording.collector.checkpoints[checkpoint.name] = checkpoint
            groups[case.group] = None
    if session.items:
        chosen = recording.extensions
        option_checks.check_selected(config.option, chosen.margins, chosen.minimums, groups)
    recording.first = option_checks.first_runs(config.option, config.rootpath, recording.collector.checkpoints)
    recording.check_saved()


def _planned_case(item: pytest.Item) -> tuple[Checkpoint, Case] | None:
    """The checkpoint and the case of a test that is marked `mazes`; None for any other test."""
    callspec = getattr(item, "callspec", None)  # pytest has it where a test has parameters
    if callspec is None or item.get_closest_marker("mazes") is None:
        return None
    return callspec.params["checkpoint"], callspec.params["case"]


@pytest.hookimpl(optionalhook=True)
def pytest_maze_measured(config: pytest.Config, checkpoint: str, records: list[dict[str, Any]]) -> None:
    """Write records to disk as they come: whatever ends the session, the run is there."""
    config.stash[_recording].add(checkpoint, records)


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    if isinstance(report, SessionReport):
        return report.outcome, "", "FAILED" if report.is_counted else ""
    measured = measured_by(report)
    if not measured or measured[0]["outcome"] == "error":
        return None  # an error is pytest's own affair
    solved = sum(record["outcome"] in SOLVED for record in measured)
    word = "solved" if 2 * solved >= len(measured) else "unsolved"
    shown = measured[0]["outcome"].upper() if len(measured) == 1 else f"{solved}/{len(measured)} SOLVED"
    return word, LETTERS[word], shown


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save one run per checkpoint, also after Ctrl-C; compare them, and let the session fail where a gate says so."""
    recording = session.config.stash[_recording]
    if recording.collector.records:
        recording.finish(is_interrupted=session.exitstatus == pytest.ExitCode.INTERRUPTED)
        fail(session, recording.ending)
        show_without_terminal(session.config, recording.ending)


@pytest.fixture
def activation_diff(request: pytest.FixtureRequest) -> Callable[..., Diff]:
    """A function that compares activations: `activation_diff("base", "sft")` is a `reports.mri.result.Diff`.

    Names are those of --checkpoint; more than one fine-tune may be given, and the fields of `reports.mri.diff.Options`.
    """
    from .inside import make_differ  # NumPy and torch

    return make_differ(request.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    recording = config.stash[_recording]
    if recording.collector.records:
        from .summary import show_summary  # the tables need pandas

        show_summary(terminalreporter, recording.report, recording.ending, config.option.show_changes)

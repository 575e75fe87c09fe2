"""pytest hooks: an outcome's letter and word, the table at the end, the run on disk."""

from __future__ import annotations

import math
import time
from argparse import ArgumentTypeError
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.mazes.errors import LabirintoError
from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.printable import printable
from benchmark.mazes.suite import SUITES
from models.checkpoints import Checkpoint

from . import gates, hookspec, option_checks, options, provenance, render, report, saved, verdict
from .comparison import MEASURES, Comparison, Measure
from .ending import Ending, SessionReport, fail, publish, say_red, say_without_terminal, shown, uncaptured
from .run import Line, Run, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .mri.result import Diff

EVERY = 5.0  # seconds between two writings of a run that is not at its end
LETTERS = {"solved": ".", "unsolved": "u"}
_LINE = {field.name for field in fields(Line)}


class Collector:
    """The measurements of a session, by checkpoint, in the order of their first case."""

    def __init__(self, started: datetime) -> None:
        self.started = started
        self._lines: dict[str, dict[tuple[str, str, int], Line]] = {}
        self.checkpoints: dict[str, Checkpoint] = {}
        self.asked: dict[str, dict[str, Any]] = {}
        self.engines: dict[str, dict[str, Any]] = {}
        self.report: report.Report | None = None
        self.about: dict[str, dict[str, Any]] = {}
        """The provenance of each checkpoint's run, once it was asked for: it takes reading all weights."""
        self.files: dict[str, Path] = {}
        """Where runs without a name are saved."""
        self.written = -math.inf
        """When what had come was last written to disk (`time.monotonic`)."""
        self.first: list[str] = []
        """The checkpoints that are compared with a name under which nothing of them is saved yet."""
        self.ending = Ending()

    @property
    def lines(self) -> dict[str, list[Line]]:
        return {name: list(lines.values()) for name, lines in self._lines.items()}

    def add(self, checkpoint: str, measured: list[dict[str, Any]]) -> None:
        """Add lines, one for each reply; those that are there already are replaced."""
        here = self._lines.setdefault(checkpoint, {})
        for one in measured:
            here[one["group"], one["case"], one["sample"]] = Line(**{name: one[name] for name in _LINE})
        self.asked[checkpoint], self.engines[checkpoint] = measured[0]["asking"], measured[0]["engine"]


_collector = pytest.StashKey[Collector]()
_added = pytest.StashKey["_Added"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspec)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_collector] = collector = Collector(datetime.now(UTC))
    config.pluginmanager.register(_Recorder(collector))
    config.stash[_added] = added = _Added(
        measures={**MEASURES, **_all(config.hook.pytest_labirinto_measures(config=config))},
        formats={**render.FORMATS, **_all(config.hook.pytest_labirinto_formats(config=config))},
        columns=[column for more in config.hook.pytest_labirinto_columns(config=config) for column in more],
    )
    try:
        saved.check_name(config.option.save)
        for text in config.option.fail_on or []:
            added.margins |= gates.margins(text, added.measures)
        added.reports = [render.chosen(text, added.formats) for text in config.option.report or []]
    except (ArgumentTypeError, LabirintoError) as error:
        raise pytest.UsageError(str(error)) from None
    option_checks.check_alone(config.option)


@dataclass
class _Added:
    """What there is to compare by and to report as, ours and what hooks have added, and what of it was chosen."""

    measures: dict[str, Measure]
    formats: dict[str, render.Format]
    columns: list[report.Column]
    margins: gates.Margins = field(default_factory=dict)
    reports: list[tuple[str, Path | None]] = field(default_factory=list)


def _all(several: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for more in several for name, value in more.items()}


def pytest_collection_finish(session: pytest.Session) -> None:
    config, option = session.config, session.config.option
    collector = config.stash[_collector]
    groups: dict[str, None] = {}
    for item in session.items:
        callspec = getattr(item, "callspec", None)
        if callspec and item.get_closest_marker("mazes"):
            checkpoint, case = callspec.params["checkpoint"], callspec.params["case"]
            collector.checkpoints[checkpoint.name] = checkpoint
            groups[case.group] = None
    if session.items:
        option_checks.check_selected(option, config.stash[_added].margins, _floors(config), groups)
    collector.first = option_checks.first_runs(option, config.rootpath, collector.checkpoints)
    if option.compare:
        try:
            for checkpoint in collector.checkpoints:
                if checkpoint not in collector.first:
                    saved.find(config.rootpath, option.compare, checkpoint)
        except LabirintoError as error:
            raise pytest.UsageError(f"--compare: {error}") from None


def _floors(config: pytest.Config) -> dict[str, float]:
    """What --min-accuracy asks for."""
    return {group: share for one in config.option.min_accuracy or [] for group, share in one.items()}


class _Recorder:
    """`pytest_runtest_logreport` is given no config, so it is held here."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        measured = _measured(report)
        if measured:
            self._collector.add(measured[0]["checkpoint"], measured)


@pytest.hookimpl(optionalhook=True)
def pytest_maze_measured(config: pytest.Config, checkpoint: str, records: list[dict[str, Any]]) -> None:
    """Keep what has come on disk as it comes: whatever ends the session, the run is there, and says that it was cut."""
    collector = config.stash[_collector]
    collector.add(checkpoint, records)
    if time.monotonic() - collector.written > EVERY:
        with suppress(LabirintoError):  # it is told at the end
            if run := _run(config, checkpoint, ended=None):
                write(run, _dated(config, checkpoint))
        collector.written = time.monotonic()


def _measured(report: pytest.TestReport | pytest.CollectReport) -> list[dict[str, Any]]:
    """What a maze's test recorded, a line for each reply, or the one line of a case without any; else nothing."""
    properties = dict(getattr(report, "user_properties", ()))
    if "outcome" not in properties:
        return []
    is_measured = report.when == "call" and report.passed
    is_error = report.when == "setup" and properties["outcome"] == "error"
    return properties.get("samples", [properties]) if is_measured or is_error else []


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    if isinstance(report, SessionReport):
        return report.outcome, "", "FAILED" if report.is_counted else ""
    measured = _measured(report)
    if not measured or measured[0]["outcome"] == "error":
        return None  # an error is pytest's own affair
    right = sum(line["outcome"] in SOLVED for line in measured)
    word = "solved" if 2 * right >= len(measured) else "unsolved"
    said = measured[0]["outcome"].upper() if len(measured) == 1 else f"{right}/{len(measured)} SOLVED"
    return word, LETTERS[word], said


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save one run per checkpoint, also after Ctrl-C; compare them, and let the session fail where a gate says so."""
    config, collector = session.config, session.config.stash[_collector]
    if not collector.lines:
        return
    ending, added = collector.ending, config.stash[_added]
    runs = {}
    for name in collector.lines:
        with ending.attempt(f"the run of {name} was not saved"):
            if run := _run(config, name, datetime.now(UTC)):
                runs[name] = run
    compared = _compare(config, runs)  # before anything of that name is replaced
    for name, run in runs.items():
        _save(config, name, run)
    diffs: list[Diff] = []
    if runs and config.option.mri and session.exitstatus != pytest.ExitCode.INTERRUPTED:
        with ending.attempt("--mri"):
            diffs = _diffs(config, runs)
    with ending.attempt("no table and no report was made"):
        whole = runs or {name: Run({}, lines) for name, lines in collector.lines.items()}
        collector.report = report.of(whole, compared, added.columns, diffs)
        publish(ending, collector.report, added.reports, added.formats)
    if runs:
        ending.gates += gates.below(collector.lines, _floors(config))
    if runs and collector.report:
        with ending.attempt("a gate was not asked"):
            for reasons in config.hook.pytest_labirinto_gates(config=config, report=collector.report):
                ending.gates += reasons
    fail(session, ending)
    say_without_terminal(config, ending)


def _compare(config: pytest.Config, runs: dict[str, Run]) -> dict[str, tuple[str, Comparison]]:
    """Hold the runs against those of --compare; what could not be held against anything lets the session fail."""
    collector, added, name = config.stash[_collector], config.stash[_added], config.option.compare
    if not name:
        return {}
    margins = added.margins or {("accuracy", "all"): 0.0}
    again = {checkpoint: run for checkpoint, run in runs.items() if checkpoint not in collector.first}
    compared, refused = verdict.against(again, name, margins, added.measures, config.rootpath)
    collector.ending.gates += refused + verdict.red(compared, margins)
    collector.ending.notes += [
        f"{checkpoint} was compared with nothing: no run of it is saved as {name} yet, and this one is the first"
        for checkpoint in runs
        if checkpoint in collector.first
    ]
    return compared


def _diffs(config: pytest.Config, runs: dict[str, Run]) -> list[Diff]:
    """What fine-tuning changed inside each fine-tune that was asked; what cannot be looked at is told."""
    from .mri.diff import diff, pairs, runs_of

    collector, found = config.stash[_collector], []
    ending = collector.ending
    asked = pairs([checkpoint for name, checkpoint in collector.checkpoints.items() if name in runs])
    if not asked:
        ending.notes.append("--mri: none of these checkpoints was made from another one that is known")
    with uncaptured(config):
        print()
        for base, tuned in asked.values():
            try:
                with ending.attempt("--mri"):
                    found.append(diff(base, tuned, runs=runs_of(runs, [base, *tuned])))
            except KeyboardInterrupt:
                ending.notes.append("--mri: stopped; the scans that were made are kept")
                break
    return found


@pytest.fixture
def activation_diff(request: pytest.FixtureRequest) -> Callable[..., Diff]:
    """A function that compares activations: `activation_diff("base", "sft")` is a `reports.mri.result.Diff`.

    Names are those of --checkpoint; more than one fine-tune may be given, and what `reports.mri.diff.diff` takes.
    """
    from models.registry import choose, find

    from .mri.diff import diff

    choices = choose(request.config.option, request.config.rootpath)

    def of(base: str, *tuned: str, **settings: Any) -> Diff:
        return diff(find(base, choices), [find(name, choices) for name in tuned], show=False, **settings)

    return of


def _run(config: pytest.Config, name: str, ended: datetime | None) -> Run | None:
    """What was measured of a checkpoint; None where there is nothing, and perhaps no checkpoint to tell of."""
    collector = config.stash[_collector]
    lines = collector.lines[name]
    if all(line.outcome == "error" for line in lines):
        return None
    if name not in collector.about:
        collector.about[name] = provenance.provenance(
            collector.checkpoints[name],
            SUITES[config.option.suite],
            config.rootpath,
            collector.started,
            collector.asked[name],
        )
    state = {"engine": dict(collector.engines[name]), "ended": ended and ended.isoformat(timespec="seconds")}
    return Run(collector.about[name] | state, lines)


def _dated(config: pytest.Config, name: str) -> Path:
    """Where this session saves what has no name."""
    collector = config.stash[_collector]
    if name not in collector.files:
        collector.files[name] = saved.dated(config.rootpath, collector.started, name)
    return collector.files[name]


def _save(config: pytest.Config, name: str, run: Run) -> None:
    collector, wanted = config.stash[_collector], config.option.save
    notes = collector.ending.notes
    with collector.ending.attempt(f"the run of {name} was not saved"):
        if wanted:
            before = saved.set_aside(config.rootpath, saved.path(config.rootpath, wanted, name))
            if before:
                notes.append(f"what was saved as {wanted} of {name} before is now {shown(before)}")
            run = Run(run.provenance | {"saved_as": wanted}, run.lines)
        path = saved.path(config.rootpath, wanted, name) if wanted else _dated(config, name)
        saved.put(config.rootpath, run, path) if wanted else write(run, path)
        if wanted and name in collector.files:
            collector.files[name].unlink(missing_ok=True)  # what was kept on the way
        notes.append(f"saved {shown(path)}")
    if config.option.update_baseline:
        with collector.ending.attempt(f"the baseline of {name} was not saved"):
            path, changed = saved.update_baseline(config.rootpath, name, run)
            notes.append(f"{shown(path)}: {changed} of {len(run.lines)} lines are new or changed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    collector = config.stash[_collector]
    if not collector.lines:
        return
    from .render.terminal import render as render_table
    from .render.terminal import render_changes, render_outcomes, render_samples

    def say(text: str, **markup: bool) -> None:
        terminalreporter.write_line(printable(text), **markup)

    ending, made = collector.ending, collector.report
    terminalreporter.section("mazes")
    if made is None:
        say_red(say, ending)
        return
    if len(made.table):
        say(render_table(made.table, made.columns))
        models = made.table[made.table.checkpoint.isin(list(made.runs))]
        if (models.optimal < 100).any():
            say(f"\nwhat came of the replies, in percent\n\n{render_outcomes(models)}")
    if len(made.samples):
        say(f"\n{render_samples(made.samples)}")
    for name, (against, found) in made.compared.items():
        say(f"\n{name} against {against}\n")
        for line in render_changes(found, config.option.show_changes).splitlines():
            say(line, red=line.endswith("worse"), green=line.endswith("better"))
    for diff in made.diffs:
        from .mri.render import text

        say(f"\n{text(diff)}")
    say("")
    for line in [*made.notes, *ending.notes]:
        say(line)
    for whole in ending.texts:
        say(f"\n{whole}")
    say_red(say, ending)

"""Saves, compares and reports the runs of a session, compares activations, and applies the gates."""

from __future__ import annotations

import math
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from benchmark.mazes.errors import LabirintoError

from . import report, saved, verdict
from .collector import Collector, Properties
from .comparison import ALL, Comparison
from .ending import Ending, publish, shown, uncaptured
from .extensions import Extensions
from .mri.pairs import find_pairs
from .run import Run, write

if TYPE_CHECKING:
    from .mri.result import Diff

INTERVAL = 5.0
"""Seconds between two writings of a run that has not ended."""


@dataclass
class Recording:
    """The runs of one session, from their first reply to the report."""

    config: pytest.Config
    extensions: Extensions
    collector: Collector
    first: list[str] = field(default_factory=list)
    """The checkpoints that are compared with a name under which nothing of them is saved yet."""
    ending: Ending = field(default_factory=Ending)
    report: report.Report | None = None
    _written: float = -math.inf
    """When records were last written to disk (`time.monotonic`)."""

    @property
    def _option(self) -> Namespace:
        return self.config.option

    def check_saved(self) -> None:
        """Raise UsageError where a checkpoint has no run to be compared with."""
        if not self._option.compare:
            return
        try:
            for checkpoint in self.collector.checkpoints:
                if checkpoint not in self.first:
                    saved.find(self.config.rootpath, self._option.compare, checkpoint)
        except LabirintoError as error:
            raise pytest.UsageError(f"--compare: {error}") from None

    def add(self, checkpoint: str, measured: Sequence[Properties]) -> None:
        """Add records, and write them if the last writing was long ago; the run then says that it was cut off."""
        self.collector.add(checkpoint, measured)
        if time.monotonic() - self._written > INTERVAL:
            with suppress(LabirintoError):  # the end of the session says so
                if run := self.collector.run(checkpoint, ended=None):
                    write(run, self.collector.unnamed_file(checkpoint))
            self._written = time.monotonic()

    def finish(self, is_interrupted: bool) -> None:
        """Save one run per checkpoint, compare them, make the report, and collect why the session fails."""
        ending, collector = self.ending, self.collector
        runs = {}
        for name in collector.records:
            with ending.attempt(f"the run of {name} was not saved"):
                if run := collector.run(name, datetime.now(UTC)):
                    runs[name] = run
        compared = self._compare(runs)  # before anything of that name is replaced
        for name, run in runs.items():
            self._save(name, run)
        diffs: list[Diff] = []
        if runs and self._option.mri and not is_interrupted:
            with ending.attempt("--mri"):
                diffs = self._diffs(runs)
        with ending.attempt("no table and no report was made"):
            reported = runs or {name: Run({}, records) for name, records in collector.records.items()}
            self.report = report.build_report(reported, compared, self.extensions.columns, diffs)
            publish(ending, self.report, self.extensions.reports, self.extensions.formats)
        if runs:
            ending.gates += verdict.find_below_minimum(collector.records, self.extensions.minimums)
        if runs and self.report:
            with ending.attempt("a gate was not asked"):
                for reasons in self.config.hook.pytest_labirinto_gates(config=self.config, report=self.report):
                    ending.gates += reasons

    def _compare(self, runs: Mapping[str, Run]) -> dict[str, tuple[str, Comparison]]:
        """Compare the runs with those of --compare; a run that cannot be compared lets the session fail."""
        name, extensions = self._option.compare, self.extensions
        if not name:
            return {}
        margins = extensions.margins or {("accuracy", ALL): 0.0}
        again = {checkpoint: run for checkpoint, run in runs.items() if checkpoint not in self.first}
        compared, refused = verdict.compare_with_saved(again, name, margins, extensions.measures, self.config.rootpath)
        self.ending.gates += refused + verdict.find_drops(compared, margins)
        self.ending.notes += [
            f"{checkpoint} was compared with nothing: no run of it is saved as {name} yet, and this one is the first"
            for checkpoint in runs
            if checkpoint in self.first
        ]
        return compared

    def _save(self, name: str, run: Run) -> None:
        root, saved_as, notes = self.config.rootpath, self._option.save, self.ending.notes
        with self.ending.attempt(f"the run of {name} was not saved"):
            if saved_as:
                if aside := saved.set_aside(root, saved.path(root, saved_as, name)):
                    notes.append(f"the run that was saved as {saved_as} of {name} before is now {shown(aside)}")
                run = Run(run.provenance | {"saved_as": saved_as}, run.records)
                path = saved.path(root, saved_as, name)
                saved.put(root, run, path)
                if interim := self.collector.unnamed_files.get(name):
                    interim.unlink(missing_ok=True)
            else:
                path = self.collector.unnamed_file(name)
                write(run, path)
            notes.append(f"saved {shown(path)}")
        if self._option.update_baseline:
            with self.ending.attempt(f"the baseline of {name} was not saved"):
                path, changed = saved.update_baseline(root, name, run)
                notes.append(f"{shown(path)}: {changed} of {len(run.records)} records are new or changed")

    def _diffs(self, runs: Mapping[str, Run]) -> list[Diff]:
        """What fine-tuning changed inside each fine-tune that was asked."""
        measured = [checkpoint for name, checkpoint in self.collector.checkpoints.items() if name in runs]
        pairs = find_pairs(measured)
        if not pairs:
            self.ending.notes.append("--mri: none of these checkpoints was made from another one that is known")
            return []
        from . import inside  # torch

        with uncaptured(self.config):
            print()
            return inside.compare_inside(pairs, runs, self.ending)

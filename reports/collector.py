"""What a session has measured, by checkpoint, and the runs that it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmark.mazes.suite import SUITES
from models.checkpoints import Checkpoint

from . import saved
from .provenance import collect_provenance
from .run import Run
from .schema import Record

FIELDS = Record.__struct_fields__
Properties = Mapping[str, Any]
"""What a test records of one reply: the fields of a `Record`, and `checkpoint`, `asking` and `engine`."""


class Collector:
    """The measurements of a session, by checkpoint, in the order of their first case."""

    def __init__(self, root: Path, suite: str) -> None:
        self.root, self.suite = root, suite
        self.started = datetime.now(UTC)
        self.checkpoints: dict[str, Checkpoint] = {}
        """All that are asked, also those of which nothing has come yet."""
        self._records: dict[str, dict[tuple[str, str, int], Record]] = {}
        self._asked: dict[str, dict[str, Any]] = {}
        self._engines: dict[str, dict[str, Any]] = {}
        self._provenances: dict[str, dict[str, Any]] = {}
        """Those that were asked for: it takes reading all weights."""
        self.unnamed_files: dict[str, Path] = {}
        """Where runs without a name are saved."""

    @property
    def records(self) -> dict[str, list[Record]]:
        return {name: list(records.values()) for name, records in self._records.items()}

    def add(self, checkpoint: str, measured: Sequence[Properties]) -> None:
        """Add records, one for each reply; those that are there already are replaced."""
        records = self._records.setdefault(checkpoint, {})
        for properties in measured:
            record = Record(**{name: properties[name] for name in FIELDS})
            records[record.group, record.case, record.sample] = record
        self._asked[checkpoint], self._engines[checkpoint] = measured[0]["asking"], measured[0]["engine"]

    def run(self, name: str, ended: datetime | None) -> Run | None:
        """What was measured of a checkpoint; None where there is no reply, and perhaps no checkpoint to describe."""
        records = list(self._records[name].values())
        if all(record.outcome == "error" for record in records):
            return None
        if name not in self._provenances:
            self._provenances[name] = collect_provenance(
                self.checkpoints[name], SUITES[self.suite], self.root, self.started, self._asked[name]
            )
        state = {"engine": dict(self._engines[name]), "ended": ended and ended.isoformat(timespec="seconds")}
        return Run(self._provenances[name] | state, records)

    def unnamed_file(self, name: str) -> Path:
        """Where this session saves the run of a checkpoint that is given no name."""
        if name not in self.unnamed_files:
            self.unnamed_files[name] = saved.dated(self.root, self.started, name)
        return self.unnamed_files[name]


def measured_by(report: pytest.TestReport | pytest.CollectReport) -> Sequence[Properties]:
    """What a maze's test recorded, an item for each reply, or one for a case without any; of other tests nothing."""
    if not isinstance(report, pytest.TestReport):
        return []
    properties: dict[str, Any] = dict(report.user_properties)
    if "outcome" not in properties:
        return []
    is_measured = report.when == "call" and report.passed
    is_error = report.when == "setup" and properties["outcome"] == "error"
    samples: Sequence[Properties] = properties.get("samples", [properties])
    return samples if is_measured or is_error else []

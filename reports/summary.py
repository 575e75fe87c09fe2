"""The end of a session in the terminal: its tables, what was saved, and why it fails."""

from __future__ import annotations

import pytest

from benchmark.mazes.printable import printable

from .ending import Ending
from .render.columns import CURVES
from .render.terminal import render, render_changes, render_curves, render_diff, render_outcomes, render_samples
from .report import Report


def show_summary(terminal: pytest.TerminalReporter, report: Report | None, ending: Ending, names_changes: bool) -> None:
    """Write tables, notes and reports, and the reasons for failing in red."""

    def write(text: str, **markup: bool) -> None:
        terminal.write_line(printable(text), **markup)

    terminal.section("mazes")
    if report is not None:
        for text in _tables(report):
            write(text)
        for name, (against, comparison) in report.compared.items():
            write(f"\n{name} against {against}\n")
            for line in render_changes(comparison, names_changes).splitlines():
                write(line, red=line.endswith("worse"), green=line.endswith("better"))
        for diff in report.diffs:
            write(f"\n{render_diff(diff)}")
        for text in ["", *report.notes, *ending.notes, *(f"\n{text}" for text in ending.texts)]:
            write(text)
    for reason in ending.reasons:
        write(reason, red=True)


def _tables(report: Report) -> list[str]:
    tables = []
    if len(report.table):
        tables.append(render(report.table, report.columns))
        models = report.table[report.table.checkpoint.isin(list(report.runs))]
        if (models.optimal < 100).any():
            tables.append(f"\nOutcomes (% of replies)\n\n{render_outcomes(models)}")
    if report.curves:
        tables.append(f"\n{CURVES}\n\n{render_curves(report.curves)}")
    if len(report.samples):
        tables.append(f"\n{render_samples(report.samples)}")
    return tables

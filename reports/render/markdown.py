"""The tables in Markdown, for a page, an issue, or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reports.leaderboard import Board
from reports.report import Column, Report

from .columns import OF_CHANGES, of_accuracy, of_board, of_outcomes
from .terminal import LEFT, changed, sentences


def render(report: Report, _: str = "markdown") -> str:
    """All tables of a report, under headings."""
    models = report.table[report.table.checkpoint.isin(list(report.runs))]
    parts = ["## Mazes", _table([*of_accuracy(report.table), *report.columns], report.table.itertuples())]
    if len(models):
        parts += ["### What came of the replies (%)", _table(of_outcomes(models), models.itertuples())]
    for name, (against, found) in report.compared.items():
        parts += [f"### {name} against {against}", _table(OF_CHANGES, found.rows), *sentences(found)]
        for word, cases in changed(found):
            if cases:
                listed = f"<details><summary>{len(cases)} {word}</summary>\n\n{', '.join(cases)}\n\n</details>"
                parts.append(listed)
    if report.diffs:
        from reports.mri.render import markdown

        parts += ["## Activations", *map(markdown, report.diffs)]
    return "\n\n".join([*parts, *report.notes]) + "\n"


def render_boards(boards: Iterable[Board]) -> str:
    """Leaderboards, each under its title."""
    return "\n\n".join(f"**{board.title}**\n\n{_table(of_board(board), board.entries)}" for board in boards)


def _table(columns: Sequence[Column], rows: Iterable[Any]) -> str:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    ruled = ["---" if head in LEFT else "---:" for head, _ in columns]
    return "\n".join(
        [line(head for head, _ in columns), line(ruled), *(line(write(row) for _, write in columns) for row in rows)]
    )

"""The tables in Markdown, for a page, an issue, or the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.mazes.printable import one_line
from reports.leaderboard import Board
from reports.mri.result import Diff
from reports.report import Column, Report

from . import activations
from .columns import (
    CHANGE_COLUMNS,
    CURVES,
    accuracy_columns,
    board_columns,
    curve_columns,
    outcome_columns,
    table_rows,
    texts,
)
from .terminal import LEFT, changed, sentences

_TAG = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARK = re.compile(
    r"([\\`*|~$]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # not the one in my_model, which is no mark
    r"|\](?=[(\[:]))"  # without it there is no link
)


def render(report: Report) -> str:
    """All tables of a report, under headings."""
    models = report.table[report.table.checkpoint.isin(list(report.runs))]
    parts = ["## Mazes", _table([*accuracy_columns(report.table), *report.columns], table_rows(report.table))]
    if len(models):
        parts += ["### Outcomes (% of replies)", _table(outcome_columns(models), table_rows(models))]
    if report.curves:
        parts += [f"### {CURVES}", _table(curve_columns(report.curves), report.curves)]
    for name, (against, comparison) in report.compared.items():
        title = escape(f"{name} against {against}")
        parts += [f"### {title}", _table(CHANGE_COLUMNS, comparison.rows), *map(_paragraph, sentences(comparison))]
        for word, cases in changed(comparison):
            if cases:
                listed = f"<details><summary>{len(cases)} {word}</summary>\n\n{', '.join(cases)}\n\n</details>"
                parts.append(listed)
    if report.diffs:
        parts += ["## Activations", *map(render_diff, report.diffs)]
    return "\n\n".join([*parts, *map(_paragraph, report.notes)]) + "\n"


def render_diff(diff: Diff) -> str:
    """The table of a diff, and the sentences beside it, for each fine-tune."""
    parts = []
    for tuned in diff.tuned:
        title = escape(activations.caption(diff, tuned))
        listed = "\n".join(f"- {sentence}" for sentence in activations.sentences(tuned))
        parts.append(f"### {title}\n\n{activations.tabulated(diff, tuned, 'github')}\n\n{listed}\n")
    return "\n".join([*parts, *map(escape, diff.notes)])


def render_boards(boards: Iterable[Board]) -> str:
    """Leaderboards, each under its title."""
    return "\n\n".join(
        f"**{escape(board.title)}**\n\n{_table(board_columns(board), board.entries)}" for board in boards
    )


def _table(columns: Sequence[Column], rows: Iterable[Any]) -> str:
    heads = [head for head, _ in columns]
    ruled = ["---" if head in LEFT else "---:" for head in heads]
    lines = [map(escape, heads), ruled, *(map(escape, texts(columns, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def escape(text: str) -> str:
    """A text, in one line, in which nothing is a mark of Markdown or a tag of HTML."""
    return re.sub("[&<>]", lambda match: _TAG[match[0]], _MARK.sub(r"\\\1", one_line(text).strip()))


def _paragraph(text: str) -> str:
    """The same where it begins a line, and may be no heading, list or rule."""
    return re.sub(r"^(\d*)([#+=.)-])", r"\1\\\2", escape(text))

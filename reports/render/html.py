"""One page that stands by itself: tables and pictures without JavaScript, and with it a viewer for every maze.

Everything is in the one file: styles, script, and the runs as compressed JSON, which the browser itself unpacks
(DecompressionStream). Nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.mazes.printable import encodable
from benchmark.mazes.suite import Suite
from reports.comparison import Comparison
from reports.leaderboard import boards
from reports.mri.result import Diff
from reports.report import Column, Report
from reports.schema import Record

from . import activation_charts, activations, charts
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
from .json import dumps
from .templating import render_template
from .terminal import LEFT, changed, sentences


@dataclass(frozen=True)
class Table:
    """A table as the templates want it."""

    caption: str
    heads: Sequence[tuple[str, bool]]
    """Each head, and whether its column holds figures."""
    rows: Sequence[Sequence[str]]
    is_sortable: bool = True


def render(report: Report) -> str:
    """The whole page."""
    models = report.table[report.table.checkpoint.isin(list(report.runs))]
    pictures = [
        charts.by_size(report.table, report.runs),
        charts.by_length(report.runs),
        charts.by_budget(report.curves, report.runs),
        charts.outcomes(report.table, report.runs),
        charts.transfer(report.table, report.runs),
        *charts.curves(report.runs),
    ]
    values = {
        "boards": [
            (board.title, _table(board_columns(board), board.entries, "Leaderboard")) for board in boards(report.runs)
        ],
        "accuracy": _table([*accuracy_columns(report.table), *report.columns], table_rows(report.table), "Accuracy"),
        "outcomes": _table(outcome_columns(models), table_rows(models), "Outcomes (% of replies)"),
        "curves": _table(curve_columns(report.curves), report.curves, CURVES) if report.curves else None,
        "pictures": [picture for picture in pictures if picture],
        "comparisons": [_comparison(name, *compared) for name, compared in report.compared.items()],
        "notes": report.notes,
        "diffs": list(map(_activations, report.diffs)),
        "runs": [(name, dumps(run.provenance)) for name, run in report.runs.items()],
        "data": _packed(report),
    }
    return render_template("page.html", values)


def render_diff(diff: Diff) -> str:
    """A page about one diff alone."""
    title = f"{', '.join(tuned.name for tuned in diff.tuned)} beside {diff.base}"
    return render_template("activations.html", {"title": title, "diff": _activations(diff)})


def _table(columns: Sequence[Column], rows: Iterable[Any], caption: str) -> Table:
    heads = [(head, head not in LEFT) for head, _ in columns]
    return Table(caption, heads, [texts(columns, row) for row in rows])


def _comparison(name: str, against: str, comparison: Comparison) -> dict[str, object]:
    title = f"{name} against {against}"
    return {
        "title": title,
        "table": _table(CHANGE_COLUMNS, comparison.rows, title),
        "sentences": sentences(comparison),
        "changed": [(word, cases) for word, cases in changed(comparison) if cases],
    }


def _activations(diff: Diff) -> dict[str, object]:
    """What the templates show of a diff."""
    heads = [(head, True) for head in activations.HEADS]
    return {
        "notes": diff.notes,
        "tables": [
            (
                Table(activations.caption(diff, tuned), heads, activations.rows(diff, tuned), is_sortable=False),
                activations.sentences(tuned),
            )
            for tuned in diff.tuned
        ],
        "pictures": activation_charts.draw_overview(diff),
        "tuned": [(tuned.name, activation_charts.draw_tuned(diff, tuned)) for tuned in diff.tuned],
        "origin": dumps(diff.about),
    }


def _packed(report: Report) -> str:
    """All replies, and the mazes that they are about, as gzip in base64.

    With the runs of the session go those that they were compared with, as far as they have the same cases. The replies
    to a case lie beside each other, because gzip sees what they have in common only where it is near.
    """
    before = {against: comparison.before for against, comparison in report.compared.values() if comparison.before}
    saved = {against: len(report.runs) + at for at, against in enumerate(before)}
    described: list[dict[str, object]] = [
        {"name": name, "before": saved.get(report.compared[name][0])} if name in report.compared else {"name": name}
        for name in report.runs
    ]
    described += [{"name": f"{run.checkpoint or ''} ({against})", "is_saved": True} for against, run in before.items()]
    records: dict[tuple[str, str], list[list[Any]]] = {}
    for at, run in enumerate([*report.runs.values(), *before.values()]):
        for record in run.records:
            if at < len(report.runs) or (record.group, record.case) in records:
                records.setdefault((record.group, record.case), []).append(_record(at, record))
    suite = next(iter(report.runs.values())).suite
    content = {"cases": [[*_case(suite, *place), of_case] for place, of_case in records.items()], "runs": described}
    text = encodable(json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _case(suite: Suite, group: str, name: str) -> list[Any]:
    """Group, name, rows, columns, the walls of each cell as a hexadecimal digit, start, goal."""
    maze = suite.case(group, name).maze
    walls = "".join(f"{int(value):x}" for value in maze.walls.flat)
    return [group, name, maze.rows, maze.cols, walls, list(maze.start), list(maze.goal)]


def _record(run: int, record: Record) -> list[Any]:
    """The place of the run, outcome, moves, how many of them are legal, tokens, reply."""
    return [run, record.outcome, record.moves, record.prefix, record.tokens, record.reply]

"""One page that stands by itself: tables and pictures without JavaScript, and with it a viewer for every maze.

Everything is in the one file: styles, script, and the runs as compressed JSON, which the browser itself unpacks
(DecompressionStream). Nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmark.mazes.printable import encodable
from benchmark.mazes.suite import Suite
from reports.leaderboard import Board, boards
from reports.report import Column, Report
from reports.run import Line, Run

from . import charts
from .columns import OF_CHANGES, of_accuracy, of_board, of_outcomes, texts
from .hypertext import escape
from .json import dumps
from .terminal import LEFT, changed, sentences

PAGE = Path(__file__).parent / "page"


def render(report: Report, _: str = "html") -> str:
    """The whole page."""
    models = report.table[report.table.checkpoint.isin(list(report.runs))]
    found = boards(report.runs)
    pictures = [
        charts.by_size(report.table, report.runs),
        charts.by_length(report.runs),
        charts.outcomes(report.table, report.runs),
        charts.transfer(report.table, report.runs),
        charts.curves(report.runs),
    ]
    parts = {
        "leaderboard": "".join(map(_board, found)),
        "accuracy": _table([*of_accuracy(report.table), *report.columns], report.table.itertuples(), "Accuracy"),
        "outcomes": _table(of_outcomes(models), models.itertuples(), "What came of the replies"),
        "pictures": "".join(pictures),
        "comparisons": "".join(map(_comparison, report.compared.items())) or "<p>Nothing was compared.</p>",
        "notes": "".join(f"<li>{escape(note)}</li>" for note in report.notes),
        "activations": _activations(report),
        "runs": _runs(report),
        "style": (PAGE / "page.css").read_text(encoding="utf-8"),
        "script": (PAGE / "page.js").read_text(encoding="utf-8"),
        "data": _packed(report),
    }
    page = (PAGE / "page.html").read_text(encoding="utf-8")
    # in one go, so that nothing in a part is taken for a place
    return re.sub(r"{{ (\w+) }}", lambda found: parts[found[1]], page)


def _board(board: Board) -> str:
    return f"<p>{escape(board.title)}</p>{_table(of_board(board), board.entries, 'Leaderboard')}"


def _table(columns: Sequence[Column], rows: Iterable[Any], caption: str) -> str:
    heads = "".join(
        f'<th scope="col"{_side(head)}><button type="button">{escape(head)}</button></th>' for head, _ in columns
    )
    sides = [_side(head) for head, _ in columns]
    cells = (zip(sides, texts(columns, row), strict=True) for row in rows)
    body = "".join(f"<tr>{''.join(f'<td{side}>{escape(text)}</td>' for side, text in row)}</tr>" for row in cells)
    head = f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
    return f'<div class="wide"><table class="sortable">{head}<tbody>{body}</tbody></table></div>'


def _side(head: str) -> str:
    return "" if head in LEFT else ' class="figure"'


def _comparison(item: tuple[str, tuple[str, Any]]) -> str:
    name, (against, found) = item
    said = "".join(f"<p>{escape(line)}</p>" for line in sentences(found))
    lists = "".join(
        f"<details><summary>{len(cases)} {word}</summary><p>{escape(', '.join(cases))}</p></details>"
        for word, cases in changed(found)
        if cases
    )
    title = f"{name} against {against}"
    return f"<h3>{escape(title)}</h3>{_table(OF_CHANGES, found.rows, title)}{said}{lists}"


def _activations(report: Report) -> str:
    if not report.diffs:
        return "<p>No activation diff was made for these runs: <code>--mri</code> makes one.</p>"
    from reports.mri.render import section

    return "".join(map(section, report.diffs))


def _runs(report: Report) -> str:
    """Where each run comes from."""
    return "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(dumps(run.provenance))}</pre></details>"
        for name, run in report.runs.items()
    )


def _packed(report: Report) -> str:
    """All replies, and the mazes that they are about, as gzip in base64.

    With the runs of the session go those that they were compared with, as far as they have the same cases. The replies
    to a case lie beside each other, because gzip sees what they have in common only where it is near.
    """
    before = {against: found.before for against, found in report.compared.values() if found.before}
    saved = {against: len(report.runs) + at for at, against in enumerate(before)}
    about = [
        {"name": name, "before": saved.get(report.compared[name][0])} if name in report.compared else {"name": name}
        for name in report.runs
    ]
    about += [{"name": f"{_checkpoint(run)} ({against})", "is_saved": True} for against, run in before.items()]
    suite = next(iter(report.runs.values())).suite
    lines: dict[tuple[str, str], list[list[Any]]] = {}
    for at, run in enumerate([*report.runs.values(), *before.values()]):
        for line in run.lines:
            if at < len(report.runs) or (line.group, line.case) in lines:
                lines.setdefault((line.group, line.case), []).append(_line(at, line))
    whole = {"cases": [[*_case(suite, *place), of_case] for place, of_case in lines.items()], "runs": about}
    text = encodable(json.dumps(whole, ensure_ascii=False, separators=(",", ":")))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _checkpoint(run: Run) -> str:
    return str(run.provenance.get("checkpoint", {}).get("name", ""))


def _case(suite: Suite, group: str, name: str) -> list[Any]:
    """Group, name, rows, columns, the walls of each cell as a hexadecimal digit, start, goal."""
    maze = suite.case(group, name).maze
    walls = "".join(f"{int(value):x}" for value in maze.walls.flat)
    return [group, name, maze.rows, maze.cols, walls, list(maze.start), list(maze.goal)]


def _line(run: int, line: Line) -> list[Any]:
    """The place of the run, outcome, moves, how many of them are legal, tokens, reply."""
    return [run, line.outcome, line.moves, line.prefix, line.tokens, line.reply]

r"""The accuracy table for a paper: booktabs, heads in English or Portuguese.

The preamble needs `\usepackage{booktabs}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmark.mazes.printable import one_line
from reports.report import Report

from .columns import table_rows

HEADS = ("Mazes", "Checkpoint", "$n$", "Solved (\\%)", "95\\,\\% CI", "Optimal (\\%)", "SPL")
PORTUGUESE_HEADS = ("Labirintos", "Modelo", "$n$", "Resolvidos (\\%)", "IC 95\\,\\%", "\\'Otimos (\\%)", "SPL")
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def render(report: Report) -> str:
    """A `tabular`, a rule between the groups."""
    return _tabular(report, HEADS, has_comma=False)


def render_portuguese(report: Report) -> str:
    """The same in Portuguese, which writes decimals with a comma."""
    return _tabular(report, PORTUGUESE_HEADS, has_comma=True)


def _tabular(report: Report, heads: Sequence[str], has_comma: bool) -> str:
    rows = [f"{' & '.join(heads)} \\\\", "\\midrule"]
    last = ""
    for row in table_rows(report.table):
        if last and row.group != last:
            rows.append("\\midrule")
        figures = [
            f"{row.solved:.1f}",
            f"[{row.low:.1f}, {row.high:.1f}]",
            f"{row.optimal:.1f}",
            f"{row.spl / 100:.3f}",
        ]
        if has_comma:
            figures = [re.sub(r"(\d)\.(\d)", r"\1{,}\2", text).replace(", ", "; ") for text in figures]
        first = escape(row.group) if row.group != last else ""
        rows.append(f"{' & '.join([first, escape(row.checkpoint), str(row.n), *figures])} \\\\")
        last = row.group
    return "\n".join(["\\begin{tabular}{llrrcrr}", "\\toprule", *rows, "\\bottomrule", "\\end{tabular}", ""])


def escape(text: str) -> str:
    """A text in which nothing is a command."""
    return "".join(_SPECIAL.get(sign, sign) for sign in one_line(text))

"""The accuracy table as CSV: every column of `reports.accuracy.table`, shares in percent."""

from __future__ import annotations

from reports.report import Report


def render(report: Report, _: str = "csv") -> str:
    """The whole table, each number with ten digits."""
    return str(report.table.to_csv(index=False, lineterminator="\n", float_format="%.10g"))

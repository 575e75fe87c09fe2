"""A report as JSON: the table, what was compared, and where the runs come from."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, replace
from typing import Any

from benchmark.mazes.printable import encodable
from reports.comparison import Comparison
from reports.mri.result import Diff
from reports.report import Report

VERSION = 1
_RAW = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # control characters that JSON allows


def render(report: Report) -> str:
    """Strict JSON: what is not known (and what is infinite) is null."""
    content = {
        "version": VERSION,
        "table": report.table.to_dict("records"),
        "samples": report.samples.to_dict("records"),
        "compared": {
            name: {"against": against, **_compared(comparison)}
            for name, (against, comparison) in report.compared.items()
        },
        "notes": report.notes,
        "runs": {name: run.provenance for name, run in report.runs.items()},
    }
    if report.curves:
        content["budget_curves"] = [curve.as_dict() for curve in report.curves]
    if report.diffs:
        content["activations"] = [diff.as_dict() for diff in report.diffs]
    return dumps(content) + "\n"


def render_diff(diff: Diff) -> str:
    """All figures of a diff; what is no number is null."""
    return dumps(diff.as_dict()) + "\n"


def _compared(comparison: Comparison) -> dict[str, Any]:
    """All that a comparison says, without the run that is a file already."""
    values = asdict(replace(comparison, before=None))
    del values["before"]
    return values


def dumps(value: Any) -> str:
    """The value as strict JSON that UTF-8 can encode and a terminal may show."""
    text = encodable(json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False))
    return _RAW.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def plain(value: Any) -> Any:
    """What strict JSON knows: no NumPy, and null for what is not finite."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value  # a number of NumPy's
    return None if isinstance(value, float) and not math.isfinite(value) else value

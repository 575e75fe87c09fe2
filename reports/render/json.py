"""A report as JSON: the table, what was compared, and where the runs come from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from reports.report import Report

VERSION = 1


def render(report: Report, _: str = "json") -> str:
    """Strict JSON: what is not known (and what is infinite) is null."""
    whole = {
        "version": VERSION,
        "table": report.table.to_dict("records"),
        "samples": report.samples.to_dict("records"),
        "compared": {name: {"against": against, **asdict(found)} for name, (against, found) in report.compared.items()},
        "notes": report.notes,
        "runs": {name: run.provenance for name, run in report.runs.items()},
    }
    if report.diffs:
        whole["activations"] = [diff.as_dict() for diff in report.diffs]
    return json.dumps(plain(whole), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """What strict JSON knows: no NumPy, and null for what is not finite."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    value = value.item() if hasattr(value, "item") else value  # a number of NumPy's
    return None if isinstance(value, float) and not math.isfinite(value) else value

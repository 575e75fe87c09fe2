"""Reads a JSON file with settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError


def read_settings(file: Path) -> dict[str, Any]:
    """The settings in a JSON file. Raises CheckpointError if they cannot be read."""
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from error
    if not isinstance(settings, dict):
        raise CheckpointError(f"{file} is not a JSON object")
    return settings

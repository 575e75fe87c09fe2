"""A bar in the terminal for what takes long."""

from __future__ import annotations

import sys

from tqdm import tqdm


def activations_bar(texts: int) -> tqdm:
    """A bar over so many texts, for `reports.mri.diff.diff`."""
    return tqdm(total=texts, desc="activations", unit="text", file=sys.stderr)

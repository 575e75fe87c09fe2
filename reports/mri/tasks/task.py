"""What a probe is asked to read off hidden states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.mri.probe_set import ProbeSet

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class ProbeTask:
    """A property of mazes that may be encoded in hidden states."""

    place: str
    """Off which states it is read: one of `scan.PLACES`, or `cells`."""
    summary: str
    """What it is, for reports and docs."""
    label: Callable[[ProbeSet], Labels]
    """A class for each row and question, shape (rows, questions). Rows are texts, or the cells of all texts."""
    taught: tuple[str, ...] = ()
    """What of `models.nano.taught.WORDS` makes it readable in a model that was taught that."""

"""What probes read: a new task is a file with a `ProbeTask` and a line in TASKS."""

from .cells import DISTANCE, ON_PATH, WALLS
from .ends import GOAL_AFTER, GOAL_BEFORE, START_BEFORE
from .first_move import FIRST_MOVE
from .task import ProbeTask

TASKS: dict[str, ProbeTask] = {
    "first move": FIRST_MOVE,
    "S, before": START_BEFORE,
    "G, before": GOAL_BEFORE,
    "G, after": GOAL_AFTER,
    "walls": WALLS,
    "distance": DISTANCE,
    "on path": ON_PATH,
}
"""By the name that reports show."""

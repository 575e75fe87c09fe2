"""The errors of the project, one small tree.

    LabirintoError
    ├── MazeError         an invalid maze, drawing, prompt or export
    ├── CheckpointError   a name, path or folder that is not a usable checkpoint
    ├── EngineError       an engine that cannot start, or stopped early
    └── RunError          a saved run that cannot be read, written or compared

Every message says what is wrong, where, and what to do. The errors are in this room because every room may import it.
"""

from .printable import printable

__all__ = ["CheckpointError", "EngineError", "LabirintoError", "MazeError", "RunError"]


class LabirintoError(Exception):
    """The base of all errors that a user of Labirinto can correct.

    A message may quote text from outside (names, replies of a server, lines of a file), so it is made printable here.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


class MazeError(LabirintoError):
    """An invalid maze, drawing, prompt or export."""


class CheckpointError(LabirintoError):
    """A name, path or folder that is not a usable checkpoint."""


class EngineError(LabirintoError):
    """An engine that cannot start, or stopped before it had replied to all requests."""


class RunError(LabirintoError):
    """A saved run that cannot be read, written or compared."""

"""The errors of the project, one small tree.

    LabirintoError
    ├── MazeError         a maze, a drawing or a request for one that cannot be
    ├── CheckpointError   a name, path or folder that gives no checkpoint
    ├── EngineError       an engine that cannot start, or died
    └── RunError          a saved run that cannot be read or written

Every message says what was wrong, where, and what to do. They stand in the innermost room because each room may
import this one.
"""

from .printable import printable

__all__ = ["CheckpointError", "EngineError", "LabirintoError", "MazeError", "RunError"]


class LabirintoError(Exception):
    """Anything that a user of Labirinto can mend.

    A message quotes what it was given (names, replies of a server, lines of a file), so that it is made printable here.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


class MazeError(LabirintoError):
    """A maze, a drawing or a request for one that cannot be."""


class CheckpointError(LabirintoError):
    """A name, path or folder that gives no checkpoint."""


class EngineError(LabirintoError):
    """An engine that cannot start, or died before it had replied to all."""


class RunError(LabirintoError):
    """A saved run that cannot be read or written."""

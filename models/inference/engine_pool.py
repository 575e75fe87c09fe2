"""The engines of a session: each is created when it is first needed, and kept for the checkpoints after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from models.checkpoints import Checkpoint
from models.engines import Engine, create_engine

from .boundary import translate
from .options import InferenceOptions


class EnginePool:
    """Engines by name, with the settings of the session."""

    def __init__(self, planned: Sequence[Checkpoint], options: InferenceOptions, notify: Callable[[str], None]) -> None:
        self._settings: dict[str, Any] = {"planned": planned, **asdict(options)}
        self._notify = notify
        self._engines: dict[str, Engine] = {}

    def get(self, name: str) -> Engine:
        if name not in self._engines:
            self._engines[name] = create_engine(name, **self._settings)
        return self._engines[name]

    def discard(self, name: str) -> None:
        """Close an engine, if there is one of that name, so that the next checkpoint gets a new one.

        An engine that cannot be closed is reported, and ends nothing else.
        """
        engine = self._engines.pop(name, None)
        if engine is None:
            return
        try:
            engine.close()
        except Exception as error:  # noqa: BLE001  its end is not the end of the others
            self._notify(f"the engine {name} cannot be closed: {translate(error)}")

    def close(self) -> None:
        for name in list(self._engines):
            self.discard(name)

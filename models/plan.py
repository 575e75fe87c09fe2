"""What the selected cases ask of each checkpoint: gathered first, asked at once when first needed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from benchmark.mazes.prompt import Asking, prompt
from benchmark.mazes.question import question
from benchmark.mazes.suite import Case

from .checkpoints import Checkpoint
from .engines import Reply, Request, ask


class Plan:
    """The cases of each checkpoint, and its replies once they are there."""

    def __init__(self, planned: Iterable[tuple[Checkpoint, Case]], asking: Mapping[str, Asking]) -> None:
        """`asking` is how each checkpoint, by its name, is asked."""
        self.asking = asking
        self._cases: dict[str, list[Case]] = {}
        for checkpoint, case in planned:
            self._cases.setdefault(checkpoint.name, []).append(case)
        self._replies: dict[str, dict[Case, Reply]] = {}
        self._failed: dict[str, Exception] = {}

    def is_asked(self, checkpoint: Checkpoint) -> bool:
        return checkpoint.name in self._replies or checkpoint.name in self._failed

    def reply(self, checkpoint: Checkpoint, case: Case) -> Reply:
        """The reply to one case. The first call for a checkpoint builds it and asks it everything that is planned.

        Raises what kept the checkpoint from answering, the same for each of its cases: nothing is tried again.
        """
        if not self.is_asked(checkpoint):
            try:
                self._replies[checkpoint.name] = self._ask(checkpoint)
            except Exception as error:
                self._failed[checkpoint.name] = error
                raise
        if checkpoint.name in self._failed:
            raise self._failed[checkpoint.name].with_traceback(None)
        return self._replies[checkpoint.name][case]

    def _ask(self, checkpoint: Checkpoint) -> dict[Case, Reply]:
        from tqdm import tqdm

        if not checkpoint.is_agent:
            checkpoint.weights()  # built here, before the bar of the questions
        requests = [self._request(checkpoint, case) for case in self._cases[checkpoint.name]]
        replies = {}
        with tqdm(total=len(requests), desc=f"{checkpoint.name}: mazes", unit="maze", file=sys.stderr) as bar:
            for case, reply in ask(checkpoint, requests):
                replies[case] = reply
                bar.update()
        return replies

    def _request(self, checkpoint: Checkpoint, case: Case) -> Request:
        asking, glyphs = question(case, self.asking[checkpoint.name])
        return Request(case, prompt(case.maze, asking, glyphs), asking.reasoning)

"""The progress bar of trainings, and the newest checkpoint of an interrupted training."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
from tqdm import tqdm
from transformers import TrainerCallback
from transformers.utils import logging

from models import processes


class Progress(TrainerCallback):
    """One bar of optimizer steps with the current loss, instead of the trainer's output of lines.

    TIMES times during a training it calls `solved` for the share of mazes that the model solves, and logs it.
    """

    TIMES = 4

    def __init__(self, name: str, solved: Callable[[], float] | None) -> None:
        self.name, self.solved = name, solved
        self.shown: dict[str, str] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            desc=f"{self.name}: steps",
            unit="step",
            file=sys.stderr,
            disable=not processes.is_first(),
        )

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar.update()
        if self.solved and processes.is_first() and state.global_step % max(1, state.max_steps // self.TIMES) == 0:
            share = self.solved()
            state.log_history.append({"step": state.global_step, "solved": share})
            self.shown["solved"] = f"{share:.0%}"

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        logs = logs or {}
        self.shown |= {name: f"{float(logs[name]):.3f}" for name in ("loss", "reward") if name in logs}
        self.bar.set_postfix(self.shown)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar.close()


def quiet() -> None:
    """Hide the progress bars of the libraries: loading, tokenizing and writing take only seconds here."""
    datasets.disable_progress_bars()
    logging.disable_progress_bar()


def last_checkpoint(folder: Path) -> str | None:
    """The newest complete checkpoint of a trainer, None if there is none.

    A trainer writes `trainer_state.json` last, so a checkpoint without this file is incomplete.
    """
    complete = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(complete, key=lambda path: int(path.name.split("-")[1]))) if complete else None

"""What the trainers' recipes share: a progress bar, and the place where an interrupted training goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import datasets
from tqdm import tqdm
from transformers import TrainerCallback
from transformers.utils import logging


class Progress(TrainerCallback):
    """One bar of optimizer steps with the running loss; replaces the trainer's own, which prints a line each time."""

    def __init__(self, name: str) -> None:
        self.name = name

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar = tqdm(
            total=state.max_steps, initial=state.global_step, desc=f"{self.name}: steps", unit="step", file=sys.stderr
        )

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar.update()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.bar.set_postfix(loss=f"{float(logs['loss']):.3f}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar.close()


def quiet() -> None:
    """Put away the progress bars of the libraries: loading, tokenizing and writing take seconds here."""
    datasets.disable_progress_bars()
    logging.disable_progress_bar()


def last_checkpoint(folder: Path) -> str | None:
    """The trainer's newest whole checkpoint; it writes `trainer_state.json` last, so one without it was cut off."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None

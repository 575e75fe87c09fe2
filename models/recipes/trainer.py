"""What the recipes on TRL's trainers share: how they load, what they set, how they run and go on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback

from .progress import Progress, last_checkpoint, quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer


class Schedule(Protocol):
    """The settings that all of these recipes have."""

    batch: int
    rate: float
    warmup: int
    seed: int


@contextmanager
def loading() -> Iterator[None]:
    """While TRL's reinforcement trainers are imported: they load vLLM, and both warn of versions and of torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def load(parent: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model and the tokenizer of the checkpoint that a recipe starts from."""
    quiet()
    model = AutoModelForCausalLM.from_pretrained(parent, use_safetensors=True, trust_remote_code=False)
    return model, AutoTokenizer.from_pretrained(parent, trust_remote_code=False)


def settings(recipe: Schedule, work: Path) -> dict[str, Any]:
    """What every trainer is told; `warmup` counts steps, and from there the rate falls to 0 along a cosine."""
    return {
        "output_dir": str(work / "trainer"),
        "num_train_epochs": 1,
        "per_device_train_batch_size": recipe.batch,
        "learning_rate": recipe.rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": recipe.warmup,
        "bf16": torch.cuda.is_available(),
        "gradient_checkpointing": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "save_steps": 200,
        "save_total_limit": 1,
        "logging_steps": 20,
        "disable_tqdm": True,
        "report_to": "none",
        "seed": recipe.seed,
    }


def run(trainer: Trainer, name: str, work: Path, target: Path) -> dict[str, Any]:
    """Train from where an interrupted run stopped, save the checkpoint, and return the figures of the card."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Progress(name))
    result = trainer.train(resume_from_checkpoint=last_checkpoint(work / "trainer"))
    trainer.save_model(str(target))
    (target / "training_args.bin").unlink(missing_ok=True)  # a pickle; the card says what it would
    return {"loss": round(result.training_loss, 4), "torch": torch.__version__}


def rewards(trainer: Trainer) -> dict[str, Any]:
    """From the log of reinforcement: the mean reward of the first and last steps, and the share of groups all alike."""
    log = [entry for entry in trainer.state.log_history if "reward" in entry]
    few = max(1, len(log) // 10)

    def mean(name: str, entries: list[dict[str, float]]) -> float:
        return round(sum(entry[name] for entry in entries) / len(entries), 4)

    return {
        "reward_first": mean("reward", log[:few]),
        "reward_last": mean("reward", log[-few:]),
        "zero_std": mean("frac_reward_zero_std", log),
    }

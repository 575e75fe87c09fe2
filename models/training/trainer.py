"""Shared by the recipes that use TRL's trainers: loading the model, the arguments, running the trainer."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import (
    LoraConfig,
    PeftConfig,
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from safetensors.torch import load_file
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
)
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging

from benchmark.mazes.errors import CheckpointError
from models import curve_writer, load, processes
from models.weights import Weights

from .progress import Progress, last_checkpoint, quiet
from .settings import TrainingSettings
from .validation import validation

SAVE_EVERY = 200  # steps
COLLAPSED = 0.8
"""Above this share of groups without a difference in reward, the user is warned."""


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hide warnings while some of TRL's trainers are imported: they import vLLM, and both warn about versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def dataset(rows: Iterable[dict[str, Any]]) -> Dataset:
    """The examples as TRL takes them, in their order."""
    return Dataset.from_list(list(rows))


def cache_implementation() -> str | None:
    """The cache of a trainer that generates: on a CPU a static one, three times as fast, see `static_cache`."""
    return None if torch.cuda.is_available() else "static"


def load_trainable(
    recipe: TrainingSettings, weights: Weights, with_score: bool = False
) -> tuple[Any, PreTrainedTokenizerBase]:
    """The model that a recipe trains, and its tokenizer.

    With `recipe.lora_rank`, an adapter is trained: a new one, or that of the parent if it is an adapter, so that a
    chain of fine-tunes is always one adapter on one base. Otherwise all weights are trained, after an adapter of the
    parent is merged. `with_score` adds a head that outputs one number.

    Raises CheckpointError if the answer format is `chat` and the model has no chat template.
    """
    quiet()
    tokenizer = load.tokenizer(weights)
    if recipe.answer_format == "chat" and tokenizer.chat_template is None:
        raise CheckpointError(
            f"the model in {weights.whole} has no chat template, so {recipe.method} cannot train it on "
            'chats. Define the checkpoint in a table, with answer_format = "plain"'
        )
    if recipe.lora_rank:
        return _adapter(recipe, weights, tokenizer, with_score), tokenizer
    model = load.model(weights)
    if weights.base:
        model = model.merge_and_unload()
    return (_with_head(model, weights, tokenizer) if with_score else model), tokenizer


def _adapter(
    recipe: TrainingSettings, weights: Weights, tokenizer: PreTrainedTokenizerBase, with_score: bool
) -> PeftModel:
    model = load.model(weights.bare)
    config = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=2 * recipe.lora_rank,
        target_modules="all-linear",
        fan_in_fan_out=any(isinstance(part, Conv1D) for part in model.modules()),  # GPT-2 stores matrices transposed
    )
    if weights.base:
        config = PeftConfig.from_pretrained(weights.folder)
        config.inference_mode, config.base_model_name_or_path = False, None  # the base is loaded already
    config.task_type = "SEQ_CLS" if with_score else "CAUSAL_LM"
    torch.manual_seed(recipe.seed)
    adapted = get_peft_model(_with_head(model, weights, tokenizer) if with_score else model, config)
    if weights.base:
        trained = load_file(weights.folder / "adapter_model.safetensors")
        # the weights of a new head are not in the file and stay as they are
        set_peft_model_state_dict(adapted, get_peft_model_state_dict(adapted) | trained)
    return adapted


def _with_head(model: PreTrainedModel, weights: Weights, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """The model with a new head that outputs one number."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # transformers would warn that the head is new
    scorer = load.model(weights.bare, kind=AutoModelForSequenceClassification, num_labels=1)
    logging.set_verbosity(verbosity)
    scorer.base_model.load_state_dict(model.base_model.state_dict())
    scorer.config.pad_token_id = tokenizer.pad_token_id
    return scorer


def load_reward_model(weights: Weights) -> PreTrainedModel:
    """A reward model, its adapter merged in memory."""
    model = load.model(weights, kind=AutoModelForSequenceClassification, num_labels=1)
    return model.merge_and_unload() if weights.base else model


def trainer_arguments(recipe: TrainingSettings, work: Path) -> dict[str, Any]:
    """The arguments that all of TRL's configurations take.

    Raises CheckpointError if the batch cannot be divided among the processes.
    """
    if recipe.batch_size % processes.count():
        raise CheckpointError(
            f"batch_size of {recipe.method} is {recipe.batch_size}, which cannot be divided among "
            f"{processes.count()} processes"
        )
    return {
        "output_dir": str(work / "trainer"),
        "num_train_epochs": 1,
        "per_device_train_batch_size": recipe.batch_size // processes.count(),
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": recipe.warmup_steps,
        "bf16": torch.cuda.is_available(),
        "use_cpu": not torch.cuda.is_available(),  # otherwise processes without a GPU do not connect
        "gradient_checkpointing": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "save_steps": SAVE_EVERY,
        "save_total_limit": 1,
        "logging_steps": 20,
        "disable_tqdm": True,
        "report_to": "none",
        "seed": recipe.seed,
    }


def run(recipe: TrainingSettings, trainer: Trainer, work: Path, target: Path) -> dict[str, Any]:
    """Train or resume, save checkpoint and curve into `target`, and return the figures of the record."""
    trainer.remove_callback(PrinterCallback)
    # sharded weights cannot generate in one process alone
    solved_share = validation(recipe, trainer) if recipe.answers_mazes and not trainer.is_fsdp_enabled else None
    trainer.add_callback(Progress(recipe.method, solved_share))
    result = trainer.train(resume_from_checkpoint=last_checkpoint(work / "trainer"))
    model = trainer.accelerator.unwrap_model(trainer.model)
    if not recipe.lora_rank:
        trainer.save_model(str(target))  # called in all processes: with FSDP each has a part of the weights
    if processes.is_first():
        if recipe.lora_rank:
            model.save_pretrained(target, selected_adapters=["default"])  # TRL has the parent's adapter as `ref` too
            trainer.processing_class.save_pretrained(target)
        (target / "training_args.bin").unlink(missing_ok=True)  # a pickle; the model card has its content
        curve_writer.write(trainer.state.log_history, target)
    return {"loss": round(result.training_loss, 4), "torch": torch.__version__}


def summarize_rewards(recipe: TrainingSettings, trainer: Trainer) -> dict[str, Any]:
    """The mean rewards of the first and last tenth of the steps, and the share of groups without a difference."""
    log = [entry for entry in trainer.state.log_history if "reward" in entry]
    few = max(1, len(log) // 10)

    def mean(name: str, entries: list[dict[str, float]]) -> float:
        return round(sum(entry[name] for entry in entries) / len(entries), 4)

    alike = mean("frac_reward_zero_std", log)
    if alike > COLLAPSED:
        share = "all" if alike == 1 else f"{alike:.0%} of the"
        print(
            f"{recipe.method}: reward collapse: in {share} groups all replies had the same reward, so that nothing was "
            "learned from them",
            file=sys.stderr,
        )
    return {"reward_first": mean("reward", log[:few]), "reward_last": mean("reward", log[-few:]), "zero_std": alike}

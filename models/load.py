"""Loads models and tokenizers from disk: a whole model, or an adapter and its base.

Weights are read from safetensors only. Nothing is unpickled, and code in the folder of a model is run only if the user
allowed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from benchmark.mazes.errors import CheckpointError

from . import chat, soundness, threads
from .adapter_loading import attach_adapter
from .settings_file import read_settings
from .weights import Weights

LONGEST_ERROR = 500  # characters of a library's message


def settings(weights: Weights) -> PretrainedConfig:
    """The configuration of the whole model. Raises CheckpointError if it cannot be loaded."""
    with _loading("the configuration", weights.whole):
        return AutoConfig.from_pretrained(weights.whole, trust_remote_code=weights.remote_code)


def stop_token_ids(weights: Weights, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The ids of the tokens that end a text: that of the tokenizer, and those in the model's settings."""
    stops = {tokenizer.eos_token_id}
    for name in ("generation_config.json", "config.json"):
        if (file := weights.whole / name).is_file():
            config = read_settings(file)
            for section in (config, config.get("text_config")):  # models that read images too have the latter
                ids = section.get("eos_token_id") if isinstance(section, Mapping) else None
                stops |= {*ids} if isinstance(ids, list) else {ids}
    return {token_id for token_id in stops if isinstance(token_id, int)}


def model(weights: Weights, kind: Any = None, dtype: str = "float32", **settings: Any) -> PreTrainedModel:
    """The model, its adapter unmerged, in evaluation mode; by default in float32 on the CPU.

    Each weight is read straight into its number format and onto its device.

    Args:
        weights: the folders of model and adapter.
        kind: one of transformers' Auto classes (default: AutoModelForCausalLM). Another class than the default adds a
            head of its own, whose weights need not be in the files.
        dtype: the number format of the weights, such as `bfloat16`; `auto` is that of the files.
        settings: arguments of `kind.from_pretrained`, such as `device_map="cuda"`, or `"auto"` for several GPUs.

    Raises CheckpointError if the model cannot be loaded, or its weights fail the checks of `soundness`.
    """
    if settings.get("device_map") != "meta":
        with suppress(_CannotLoadError):  # the loading below reports it, and more precisely
            # first without memory: wrong settings could ask for more memory than the machine has
            _load_whole(weights, kind, dtype, **settings | {"device_map": "meta"})
    loaded = _load_whole(weights, kind, dtype, **settings)
    soundness.check_numbers(f"the weights in {weights.whole} are damaged", loaded.state_dict().items())
    if weights.base:
        with _loading("the adapter", weights.folder), _silence():
            loaded = attach_adapter(loaded, weights.folder)
    threads.follow_load(loaded)
    return loaded.eval()


def _load_whole(weights: Weights, kind: Any, dtype: str, **settings: Any) -> PreTrainedModel:
    """The whole model without its adapter. Raises CheckpointError if names or shapes differ from the model's."""
    logging.disable_progress_bar()  # of loading weights: callers show their own progress
    with _loading("the model", weights.whole), _silence():
        loaded, names = (kind or AutoModelForCausalLM).from_pretrained(
            weights.whole,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=weights.remote_code,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are reported below, with their shapes
            **settings,
        )
    body = f"{loaded.base_model_prefix}."
    missing, unexpected, mismatched = (names[f"{issue}_keys"] for issue in ("missing", "unexpected", "mismatched"))
    if kind:  # of a model with another head, only the body has to be in the files
        missing = {name for name in missing if name.startswith(body)}
        unexpected = {name for name in unexpected if name.startswith(body)}
    message_start = f"the weights in {weights.whole} do not fit {type(loaded).__name__}"
    soundness.check_names(message_start, missing, unexpected, mismatched)
    return loaded


def check(weights: Weights) -> None:
    """Check all weights as `model` does, without keeping them: for an engine that loads the model in another process.

    Raises CheckpointError if the weights fail the checks of `soundness`. A model that transformers cannot load is not
    an error here: the engine may support settings or a quantization that transformers does not.
    """
    try:
        loaded = model(weights.bare, device_map="meta")
    except _CannotLoadError:
        loaded = None
    left_out = loaded._keys_to_ignore_on_load_unexpected if loaded is not None else None
    names = set(loaded.state_dict()) if loaded is not None else set()
    try:
        soundness.check_numbers(
            f"the weights in {weights.whole} are damaged",
            soundness.read_weights(weights.whole, lambda name: name in names or not soundness.matches(name, left_out)),
        )
        if weights.base and loaded is not None:
            with _loading("the adapter", weights.folder):
                attach_adapter(loaded, weights.folder)
    except _CannotLoadError:
        return
    except (OSError, ValueError, RuntimeError, SafetensorError):
        return


class _CannotLoadError(CheckpointError):
    """An error of transformers or PEFT while they load something."""


@contextmanager
def _loading(content: str, folder: Path) -> Iterator[None]:
    """Turn errors of the libraries, and of code in a model's folder, into one line with what was loaded."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        raise _CannotLoadError(f"cannot load {content} in {folder}: {_reason(error)}") from error


@contextmanager
def _silence() -> Iterator[None]:
    """Silence transformers' table of missing weights: the error has them in one line."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _reason(error: Exception) -> str:
    """The message of an error in one line. Where transformers names its own argument, our option is named instead."""
    if "trust_remote_code=True" in str(error):
        return "it needs the code in its folder. Read that code, and pass --trust-remote-code to run it"
    text = " ".join(str(error).split())
    is_plain = isinstance(error, OSError | ValueError | ImportError) and text
    return (text if is_plain else f"{type(error).__name__}: {text}")[:LONGEST_ERROR]


def tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    """The tokenizer, from the folder of the adapter or else of the whole model; it pads on the left.

    A chat template that does not support the system role is extended, see `chat`. Raises CheckpointError if the
    tokenizer cannot be loaded.
    """
    with _loading("the tokenizer", weights.tokenizer):
        loaded = AutoTokenizer.from_pretrained(
            weights.tokenizer, padding_side="left", trust_remote_code=weights.remote_code
        )
    if loaded.pad_token is None:
        loaded.pad_token = loaded.eos_token
    template = loaded.chat_template
    if isinstance(template, str):
        loaded.chat_template = chat.fold(template)
    elif isinstance(template, dict) and isinstance(template.get("default"), str):
        loaded.chat_template = template | {"default": chat.fold(template["default"])}
    return loaded

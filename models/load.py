"""A model comes from disk: a whole one, or an adapter and the model it was trained on.

Weights are safetensors; nothing is unpickled, and code that lies beside a model is run only where the user said so.
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
from .weights import Weights, read_settings

LONGEST_ERROR = 500  # characters of what a library says


def settings(weights: Weights) -> PretrainedConfig:
    """The configuration of the whole model. Raises CheckpointError where there is none that loads."""
    with _loading("the configuration", weights.whole):
        return AutoConfig.from_pretrained(weights.whole, trust_remote_code=weights.remote_code)


def stop_token_ids(weights: Weights, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a text: the tokenizer's own, and those in the model's settings for generation."""
    stops = {tokenizer.eos_token_id}
    for name in ("generation_config.json", "config.json"):
        if (file := weights.whole / name).is_file():
            config = read_settings(file)
            for one in (config, config.get("text_config")):
                ids = one.get("eos_token_id") if isinstance(one, Mapping) else None
                stops |= {*ids} if isinstance(ids, list) else {ids}
    return {one for one in stops if isinstance(one, int)}


def model(weights: Weights, kind: Any = None, **settings: Any) -> PreTrainedModel:
    """The model in float32, its adapter unmerged, in evaluation mode and on the CPU.

    `kind` is one of transformers' Auto classes (default: AutoModelForCausalLM), which takes `settings`; another than
    the default puts a head of its own on the model, which may be new.
    Raises CheckpointError where the folder holds nothing that loads, or weights that are not the model's, see
    `soundness`.
    """
    if settings.get("device_map") != "meta":
        with suppress(_CannotLoadError):  # it is told below, in the words of the real loading
            # first without memory: settings of another model may ask for more than the machine has
            _whole(weights, kind, device_map="meta", **settings)
    loaded = _whole(weights, kind, **settings)
    soundness.check_numbers(f"the weights in {weights.whole} are spoilt", loaded.state_dict().items())
    if weights.base:
        with _loading("the adapter", weights.folder), _silence():
            loaded = attach_adapter(loaded, weights.folder)
    threads.follow_load(loaded)
    return loaded.eval()


def _whole(weights: Weights, kind: Any, **settings: Any) -> PreTrainedModel:
    """The whole model without its adapter. Raises CheckpointError where names or shapes are not the model's."""
    logging.disable_progress_bar()  # of loading weights: whoever waits for more than that shows a bar of their own
    with _loading("the model", weights.whole), _silence():
        loaded, names = (kind or AutoModelForCausalLM).from_pretrained(
            weights.whole,
            dtype="float32",
            use_safetensors=True,
            trust_remote_code=weights.remote_code,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are told here, with their shapes
            **settings,
        )
    body = f"{loaded.base_model_prefix}."
    missing, unexpected, mismatched = (names[f"{one}_keys"] for one in ("missing", "unexpected", "mismatched"))
    if kind:
        missing, unexpected = ({one for one in some if one.startswith(body)} for some in (missing, unexpected))
    whose = f"the weights in {weights.whole} are not those of {type(loaded).__name__}"
    soundness.check_names(whose, missing, unexpected, mismatched)
    return loaded


def check(weights: Weights) -> None:
    """Look at all weights as `model` does, and keep none: for an engine that loads the model itself, elsewhere.

    Raises CheckpointError. What transformers cannot load (settings or a quantization that it lacks the packages for)
    is left to that engine.
    """
    try:
        loaded = model(weights.bare, device_map="meta")
    except _CannotLoadError:
        loaded = None
    left_out = loaded._keys_to_ignore_on_load_unexpected if loaded is not None else None
    names = set(loaded.state_dict()) if loaded is not None else set()
    try:
        soundness.check_numbers(
            f"the weights in {weights.whole} are spoilt",
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
    """What transformers or PEFT cannot load, whatever it is."""


@contextmanager
def _loading(what: str, folder: Path) -> Iterator[None]:
    """Errors of the libraries, and of code that lies beside a model, become one line that says what was loaded."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        raise _CannotLoadError(f"cannot load {what} in {folder}: {_why(error)}") from error


@contextmanager
def _silence() -> Iterator[None]:
    """Without transformers' own report of weights that are missing, which is a table: the error has it in a line."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _why(error: Exception) -> str:
    """What is wrong, in a line; where transformers asks for its own argument, the option that gives it."""
    if "trust_remote_code=True" in str(error):
        return "it needs the code that lies beside it; read that, and with --trust-remote-code it is run"
    text = " ".join(str(error).split())
    is_plain = isinstance(error, OSError | ValueError | ImportError) and text
    return (text if is_plain else f"{type(error).__name__}: {text}")[:LONGEST_ERROR]


def tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    """Its tokenizer, which may stand beside the adapter or beside the whole model; padded on the left.

    Its chat template is made to take a system's message where it does not, see `chat`. Raises CheckpointError where
    there is no tokenizer that loads.
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

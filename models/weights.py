"""The folders of a model on disk, and digests of their content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmark.mazes.atomic import replace_text

from . import adapters
from .store import RECORD
from .tensor_headers import read_tensors

ADAPTER = adapters.SETTINGS
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Weights:
    """The folders of a model: a whole model in `folder`; or an adapter in `folder`, and its whole base in `base`."""

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
    def dtype(self) -> str:
        """The number format of the whole model on disk, such as `bfloat16`; empty if it cannot be read."""
        return read_tensors(self.whole).dtype

    @property
    def lora_rank(self) -> int:
        """The rank of the adapter, 0 for a whole model."""
        return adapters.rank(self.folder) if self.base else 0

    @property
    def virtual_tokens(self) -> int:
        """The number of tokens that prompt tuning inserts before each text."""
        return adapters.virtual_tokens(self.folder) if self.base else 0

    @property
    def tokenizer(self) -> Path:
        """The folder of its tokenizer: that of the adapter if it has one, else that of the whole model."""
        return self.folder if any((self.folder / name).is_file() for name in TOKENIZER) else self.whole

    @property
    def chat_template(self) -> str | None:
        """The chat template of its tokenizer (several named templates as JSON); None if there is none.

        Also None if it cannot be read: loading the tokenizer reports that error.
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
        """Whether its tokenizer has a chat template."""
        return self.chat_template is not None


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER).is_file()


def readdress(folder: Path, address: dict[str, str]) -> None:
    """Set the name of the base in the settings of an adapter; PEFT writes the folder of this machine there."""
    file = folder / ADAPTER
    replace_text(file, json.dumps(json.loads(file.read_text()) | address, indent=2) + "\n")


def weights_digest(folder: Path) -> str:
    """The sha256 over the safetensors files of a model's folder."""
    return _digest(sorted(folder.glob("*.safetensors")))


def content_digest(weights: Weights) -> str:
    """The sha256 of all files that decide the replies: weights, settings, tokenizer and chat template."""
    files = [
        file
        for folder in dict.fromkeys((weights.whole, weights.folder))
        for kind in ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "*.py")
        for file in sorted(folder.glob(kind))
        if file.name != RECORD
    ]
    return _digest(files)


def _digest(files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(_digest_state(file))
    return total.hexdigest()


def file_digest(file: Path) -> str:
    """The sha256 of a file. It is computed once for each state of the file."""
    return _digest_state(file).hex()


def _digest_state(file: Path) -> bytes:
    state = file.stat()
    return _digest_file(file, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@cache
def _digest_file(file: Path, *_state: int) -> bytes:
    """The sha256 of a file. It is cached by the state of the file, because models have gigabytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()

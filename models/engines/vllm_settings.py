"""The settings that vLLM is started with: from the model, the machine, and what the user has set."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from benchmark.mazes.errors import CheckpointError, EngineError
from models import hardware
from models.model_options import ModelOptions
from models.weights import Weights

from .cost import KEYS_TOKENS, LEAST_KEYS
from .sampling_names import check_arguments
from .vllm_models import ModelSize, read_size, uses_images
from .vllm_names import list_engine_args

ROWS = 512  # replies that are written at once; on two cores 6 % faster than vLLM's 256
LONGEST = 32_768  # tokens of prompt and reply, where a model knows more than that
LARGE = 32_000_000  # parameters from which prompts share their keys and values on a CPU, see docs/engines.md
BLOCK = 32  # tokens whose keys and values are shared as one; vLLM's 128 leave more of a shared beginning out
LEAST_TOKENS = 2048  # tokens whose keys and values have to fit: a prompt with examples and one reply
LIBRARIES = 2**30  # bytes of vLLM and PyTorch themselves
SHARE = 0.8  # of the memory that is free beside weights and libraries
KEYS_VARIABLE = "VLLM_CPU_KVCACHE_SPACE"

FIXED = {
    "tokenizer": "the tokens are those of the checkpoint",
    "skip_tokenizer_init": "prompts are sent in tokens",
    "runner": "models generate here",
    "convert": "models generate here",
    "enable_lora": "it follows from the checkpoints",
    "max_lora_rank": "it follows from the checkpoints",
    "max_loras": "rows of two adapters do not share a batch",
    "disable_log_stats": "nothing reads the log",
    "stream_interval": "replies are read token by token",
    "generation_config": "generation settings in the folder of a model are ignored: use generation_args",
    "override_generation_config": "use generation_args",
}
"""Arguments of vLLM that cannot be set, and why; beside those of `models.model_options.RESERVED`."""


@dataclass(frozen=True)
class Launch:
    """What one process is started for: a whole model, and adapters for it up to a rank."""

    whole: Path
    remote_code: bool
    dtype: str
    rank: int
    engine_args: Mapping[str, Any] = field(hash=False)

    @classmethod
    def plan(cls, weights: Weights, options: ModelOptions, rank: int = 0) -> Launch:
        return cls(weights.whole, weights.remote_code, choose_dtype(options, weights), rank, options.engine_args)

    def serves(self, other: Launch) -> bool:
        """Whether a process that was started for this can be asked about the other."""
        return replace(other, rank=self.rank) == self and other.rank <= self.rank

    def settings(self) -> dict[str, Any]:
        """The settings of `vllm.LLM`, and `longest`, which the process reads itself.

        `longest` is the most tokens of a prompt and its reply, where the model itself knows no fewer. Raises
        EngineError if there is not enough memory.
        """
        keys = None if hardware.has_cuda() else self._keys_bytes()
        return {
            "model": str(self.whole),
            "dtype": self.dtype,
            "longest": self._longest(keys),
            "max_num_seqs": ROWS,
            "seed": 0,
            "skip_tokenizer_init": True,
            "trust_remote_code": self.remote_code,
            "disable_log_stats": True,
            **({"language_model_only": True} if uses_images(self.whole) else {}),
            **({} if hardware.has_cuda() else self._cpu_settings(keys)),
            **({"enable_lora": True, "max_lora_rank": self.rank, "max_loras": 1} if self.rank else {}),
            **self.engine_args,
        }

    def _longest(self, keys: int | None) -> int:
        if "max_model_len" in self.engine_args:
            return int(self.engine_args["max_model_len"])
        bytes_per_token = self._size().bytes_per_token
        return LONGEST if keys is None or not bytes_per_token else min(LONGEST, keys // bytes_per_token)

    def _cpu_settings(self, keys: int | None) -> dict[str, Any]:
        """On a CPU compiling never gives back what it costs, and looking for common beginnings only in large models."""
        is_large = self._size().parameters >= LARGE
        shared = {"enable_prefix_caching": True, "block_size": BLOCK} if is_large else {"enable_prefix_caching": False}
        return {"enforce_eager": True, **shared, **({} if keys is None else {"kv_cache_memory_bytes": keys})}

    def _keys_bytes(self) -> int | None:
        """The memory for keys and values on a CPU; None if the user has set it. Raises EngineError for too little."""
        if os.environ.get(KEYS_VARIABLE) or "kv_cache_memory_bytes" in self.engine_args:
            return None
        size = self._size()
        free = psutil.virtual_memory().available - size.weight_bytes - LIBRARIES
        keys = min(max(LEAST_KEYS, KEYS_TOKENS * size.bytes_per_token), int(SHARE * free))
        if keys < LEAST_TOKENS * max(1, size.bytes_per_token):
            raise EngineError(
                f"vllm needs {_gib(size.weight_bytes + LIBRARIES)} for {self.whole} in {self.dtype} and at least "
                f"{_gib(LEAST_TOKENS * size.bytes_per_token)} for keys and values, and "
                f"{_gib(free + size.weight_bytes + LIBRARIES)} of memory are free: use --dtype bfloat16, a smaller "
                "model, or a machine with more memory"
            )
        return keys

    def _size(self) -> ModelSize:
        return read_size(self.whole, self.dtype)


def choose_dtype(options: ModelOptions, weights: Weights) -> str:
    return hardware.dtype(options.dtype, weights.dtype)


def check_options(options: ModelOptions) -> None:
    """Raise CheckpointError for arguments that vLLM does not have, or that cannot be set."""
    known = list_engine_args()
    for name in options.engine_args:
        if name in FIXED:
            raise CheckpointError(f"engine_args: {name} cannot be set for vllm: {FIXED[name]}")
        if known and name not in known:
            raise CheckpointError(f"engine_args: vllm has no argument {name!r}{_suggest(name, known)}")
    longest = options.engine_args.get("max_model_len", 1)
    if not isinstance(longest, int) or isinstance(longest, bool) or longest < 1:
        raise CheckpointError(f"engine_args: max_model_len is a number of tokens, and not {longest!r}")
    check_arguments(options.generation_args, "vllm")


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"

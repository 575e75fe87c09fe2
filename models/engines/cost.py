"""How long an engine takes for some requests, from the sizes of model and texts and the speed of the machine.

Decoding makes one step after the other. Each step costs a fixed time for each layer (Python and the start of each
operation), the time to read all weights, and for each row of the batch its share of products, keys and values. Small
models spend their time on the first, larger ones on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GIB = 2**30
KEYS_TOKENS = 2**15
"""The tokens whose keys and values vLLM keeps on a CPU: 50 replies of 650, more where prompts are shared."""
LEAST_KEYS = 2 * GIB
"""The memory for keys and values that vLLM takes on a CPU at least, where it is there."""


@dataclass(frozen=True)
class Machine:
    """The speed of a machine, as `models.inference.machine` measures it."""

    flops: float
    """Floating-point operations a second, of a product of matrices in the number format of the model."""
    bandwidth: float
    """Bytes a second that are read from memory."""
    dispatch: float
    """Seconds of one small operation of PyTorch."""
    has_cuda: bool = False


@dataclass(frozen=True)
class ModelSize:
    """The size of a model."""

    parameters: int
    """Those that each token is multiplied with."""
    weight_bytes: int
    layers: int
    bytes_per_token: int
    """Of keys and values, over all layers."""
    vocabulary: int


@dataclass(frozen=True)
class Texts:
    """The expected tokens of some requests."""

    prompts: Sequence[float]
    replies: Sequence[float]
    shared: float
    """The tokens of all prompts together that an engine need not read if it reads common beginnings once."""
    spread: float
    """How often the longest reply is as long as the mean, in a large plan."""

    @property
    def longest(self) -> float:
        """The steps of the longest reply."""
        mean = sum(self.replies) / len(self.replies)
        share = 1 - 1 / len(self.replies)  # of one reply the mean is the longest
        return max(*self.replies, mean * (1 + (self.spread - 1) * share))


@dataclass(frozen=True)
class Workload:
    """Some requests to a model on a machine."""

    machine: Machine
    model: ModelSize
    texts: Texts


@dataclass(frozen=True)
class EngineCosts:
    """What tells one engine from another. Most times are multiples of `Machine.dispatch`, and so fit other machines."""

    startup: float
    startup_bytes: float
    """Seconds for each GiB of weights."""
    step: float
    step_layer: float
    row: float
    """For each row of each step, besides the products."""
    products: float
    """The seconds of a product, as a multiple of those that the machine's speed gives."""
    attention: float
    """The same of reading keys and values."""
    most_rows: int
    shares_prompts_from: int
    """The number of parameters from which common beginnings of prompts are read once."""
    memory: float
    """GiB besides weights, keys and values."""
    reserved_tokens: int = 0
    """The tokens for whose keys and values memory is taken at the start, at least LEAST_KEYS; 0: as is needed."""

    def seconds(self, workload: Workload) -> float:
        """The expected time from loading the model until the last reply."""
        machine, model, texts = workload.machine, workload.model, workload.texts
        shared = texts.shared if model.parameters >= self.shares_prompts_from else 0.0
        prompt_tokens = sum(texts.prompts) - shared
        reply_tokens = sum(texts.replies)
        steps = max(texts.longest, reply_tokens / self.most_rows + texts.longest / 2)
        read = [reply * (prompt + reply / 2) for prompt, reply in zip(texts.prompts, texts.replies, strict=True)]
        operations = 2 * model.parameters * (prompt_tokens + reply_tokens)
        return (
            machine.dispatch * (self.startup + steps * (self.step + model.layers * self.step_layer))
            + machine.dispatch * self.row * reply_tokens
            + self.startup_bytes * model.weight_bytes / GIB
            + self.products * operations / machine.flops
            + steps * model.weight_bytes / machine.bandwidth
            + self.attention * sum(read) * model.bytes_per_token / machine.bandwidth
        )

    def memory_bytes(self, workload: Workload) -> int:
        """The expected memory, if the requests are as long as expected."""
        texts, model = workload.texts, workload.model
        rows = min(self.most_rows, len(texts.prompts))
        context = max(texts.prompts) + texts.longest
        keys = rows * context * model.bytes_per_token
        if self.reserved_tokens:
            keys = max(LEAST_KEYS, self.reserved_tokens * model.bytes_per_token)
        return int(model.weight_bytes + keys + rows * 8 * model.vocabulary + self.memory * GIB)


# measured with scripts.engine_choice: the nano family from 4x4 to 20x20 and SmolLM2-135M, on one core
TRANSFORMERS = EngineCosts(
    startup=3_000_000,
    startup_bytes=2.0,
    step=1300,
    step_layer=130,
    row=62,
    products=0.9,
    attention=0.7,
    most_rows=128,
    shares_prompts_from=0,
    memory=0.6,
)
VLLM_ON_CPU = EngineCosts(
    startup=12_000_000,
    startup_bytes=4.0,
    step=2500,
    step_layer=200,
    row=18,
    products=0.9,
    attention=1.9,
    most_rows=512,
    shares_prompts_from=32_000_000,
    memory=1.2,
    reserved_tokens=KEYS_TOKENS,
)

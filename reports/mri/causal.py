"""Whether a change of states matters: it is put into the base, or taken out of the tuned, before the first move.

The mean difference of a layer (tuned minus base, at the last token) is added to the base's output of that layer, and
taken from the tuned's; what comes of the first move is held against vectors of the same length in random directions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .architecture import batches, body, inputs, layers
from .probe_set import ProbeSet
from .significance import mean_interval

Floats = NDArray[np.float32]
RANDOM = 4
"""Directions that each difference is held against."""


@dataclass(frozen=True)
class Effect:
    """What came of one layer's difference. Changes are in the share of mazes whose first move is right."""

    layer: int
    """Whose output was changed, from 1."""
    model: str
    """`base`, to which the difference was added, or `tuned`, from which it was taken."""
    before: float
    """The share without it."""
    change: float
    low: float
    high: float
    random: float
    """The mean change by random vectors of the same length."""
    random_low: float
    random_high: float


def effects(
    model: Any, who: str, differences: Floats, probes: ProbeSet, progress: Callable[[int], object] | None = None
) -> list[Effect]:
    """What each of `differences` (layers, width), added to the output of its layer, does to the first move.

    All but the last token is read once; only that one is read again, as often as there are vectors.
    """
    random = np.random.default_rng(0)
    vectors = [[np.zeros_like(differences[0])]]
    for difference in differences:
        noise = random.standard_normal((RANDOM, len(difference))).astype(np.float32)
        noise *= np.linalg.norm(difference) / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors.append([difference, *noise])
    right: list[list[list[Any]]] = [[[] for _ in some] for some in vectors]
    with torch.inference_mode():
        for batch in batches(probes.probes):
            for at, some in _steered(model, batch, vectors).items():
                for number, hits in enumerate(some):
                    right[at][number].append(hits)
            if progress:
                progress(len(batch))
    found = [[np.concatenate(parts) for parts in some] for some in right]
    before = found[0][0]
    made = []
    for at, (steered, *by_noise) in enumerate(found[1:], 1):
        change = mean_interval(steered - before)
        by_chance = mean_interval(np.mean(by_noise, 0) - before)
        made.append(Effect(at, who, float(before.mean()), *change, *by_chance))
    return made


def _steered(model: Any, batch: Any, vectors: Any) -> dict[int, list[NDArray[np.float64]]]:
    """For each layer (0: none) and vector, whether the first move of each text is right."""
    # padded on the left, so that the last token is the last one of every row
    given = inputs(model, batch)
    for row, probe in enumerate(batch):
        pad = given["input_ids"].shape[1] - len(probe.ids)
        given["input_ids"][row] = given["input_ids"][row].roll(pad)
        given["attention_mask"][row] = given["attention_mask"][row].roll(pad)
    mask = given["attention_mask"]
    places = (mask.cumsum(1) - 1).clamp(min=0)
    cache = body(model)(
        input_ids=given["input_ids"][:, :-1], attention_mask=mask[:, :-1], position_ids=places[:, :-1], use_cache=True
    ).past_key_values
    head, blocks = model.get_output_embeddings(), layers(model)
    tokens = torch.tensor([probe.candidates for probe in batch], device=mask.device)
    wanted = torch.tensor([[move in probe.right for move in "UDLR"] for probe in batch], device=mask.device)

    def told() -> NDArray[np.float64]:
        states = body(model)(
            input_ids=given["input_ids"][:, -1:],
            attention_mask=mask,
            position_ids=places[:, -1:],
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state[:, -1]
        cache.crop(given["input_ids"].shape[1] - 1)
        logits = head(states).float().gather(1, tokens.clamp(min=0)).masked_fill(tokens < 0, -torch.inf)
        hits: NDArray[np.float64] = wanted.gather(1, logits.argmax(1, keepdim=True))[:, 0].double().cpu().numpy()
        return hits

    found = {0: [told()]}
    for at, some in enumerate(vectors[1:], 1):
        found[at] = []
        for vector in some:
            added = torch.as_tensor(vector, device=mask.device)

            def hook(_: Any, __: Any, out: Any, added: Any = added) -> Any:
                if isinstance(out, tuple):
                    return (out[0] + added.to(out[0].dtype), *out[1:])
                return out + added.to(out.dtype)

            held = blocks[at - 1].register_forward_hook(hook)
            try:
                found[at].append(told())
            finally:
                held.remove()
    return found

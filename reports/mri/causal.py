"""Activation steering: whether a change of hidden states causes a change of the first move.

The mean difference of a layer (tuned minus base, at the last token) is added to the output of that layer in the base,
and subtracted from it in the tuned model. The effect on the first move is compared with that of vectors of the same
length in random directions. Method: activation addition (Turner et al. 2023).
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
"""The number of random directions with which each difference is compared."""


@dataclass(frozen=True)
class Effect:
    """The effect of the difference of one layer on the share of mazes whose first move is right."""

    layer: int
    """The layer whose output was changed, from 1."""
    model: str
    """`base`, to which the difference was added, or `tuned`, from which it was subtracted."""
    before: float
    """The share without the change."""
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
    """Measure the effect of each row of `differences` (layers, width) when it is added to the output of its layer.

    All tokens except the last are processed once, and their keys and values are cached; only the last token is
    processed again for each vector. `progress` is called with the number of texts of each batch.
    """
    random = np.random.default_rng(0)
    vectors = [[np.zeros_like(differences[0])]]
    for difference in differences:
        noise = random.standard_normal((RANDOM, len(difference))).astype(np.float32)
        noise *= np.linalg.norm(difference) / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors.append([difference, *noise])
    right: list[list[list[Any]]] = [[[] for _ in of_layer] for of_layer in vectors]
    with torch.inference_mode():
        for batch in batches(probes.probes):
            for layer, hits_by_vector in _steered(model, batch, vectors).items():
                for number, hits in enumerate(hits_by_vector):
                    right[layer][number].append(hits)
            if progress:
                progress(len(batch))
    hits_of = [[np.concatenate(parts) for parts in of_layer] for of_layer in right]
    before = hits_of[0][0]
    results = []
    for layer, (steered, *by_noise) in enumerate(hits_of[1:], 1):
        change = mean_interval(steered - before)
        by_chance = mean_interval(np.mean(by_noise, 0) - before)
        results.append(Effect(layer, who, float(before.mean()), *change, *by_chance))
    return results


def _steered(model: Any, batch: Any, vectors: Any) -> dict[int, list[NDArray[np.float64]]]:
    """For each layer (0: no change) and vector, 1.0 for each text whose first move is right, else 0.0."""
    # padded on the left, so that the last token is the last one of every row
    encoded = inputs(model, batch)
    for row, probe in enumerate(batch):
        pad = encoded["input_ids"].shape[1] - len(probe.ids)
        encoded["input_ids"][row] = encoded["input_ids"][row].roll(pad)
        encoded["attention_mask"][row] = encoded["attention_mask"][row].roll(pad)
    mask = encoded["attention_mask"]
    places = (mask.cumsum(1) - 1).clamp(min=0)
    cache = body(model)(
        input_ids=encoded["input_ids"][:, :-1], attention_mask=mask[:, :-1], position_ids=places[:, :-1], use_cache=True
    ).past_key_values
    head, blocks = model.get_output_embeddings(), layers(model)
    tokens = torch.tensor([probe.candidates for probe in batch], device=mask.device)
    wanted = torch.tensor([[move in probe.right for move in "UDLR"] for probe in batch], device=mask.device)

    def first_moves() -> NDArray[np.float64]:
        states = body(model)(
            input_ids=encoded["input_ids"][:, -1:],
            attention_mask=mask,
            position_ids=places[:, -1:],
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state[:, -1]
        cache.crop(encoded["input_ids"].shape[1] - 1)  # drop the last token, which the next vector reads again
        logits = head(states).float().gather(1, tokens.clamp(min=0)).masked_fill(tokens < 0, -torch.inf)
        hits: NDArray[np.float64] = wanted.gather(1, logits.argmax(1, keepdim=True))[:, 0].double().cpu().numpy()
        return hits

    hits_by_layer = {0: [first_moves()]}
    for number, of_layer in enumerate(vectors[1:], 1):
        hits_by_layer[number] = []
        for vector in of_layer:
            added = torch.as_tensor(vector, device=mask.device)

            def hook(_: Any, __: Any, out: Any, added: Any = added) -> Any:
                if isinstance(out, tuple):
                    return (out[0] + added.to(out[0].dtype), *out[1:])
                return out + added.to(out.dtype)

            handle = blocks[number - 1].register_forward_hook(hook)
            try:
                hits_by_layer[number].append(first_moves())
            finally:
                handle.remove()
    return hits_by_layer

"""The effect of each layer alone: the layers of both models get the same input, that of the base.

The hidden states of a tuned model differ in all layers after the first changed one. With the same input they do not: a
layer with unchanged weights has the same output as in the base, whatever changed in the layers before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .architecture import batches, body, inputs, layers
from .probe_set import ProbeSet

Floats = NDArray[np.float32]


def own_changes(
    base: Any, tuned: Any, probes: ProbeSet, progress: Callable[[int], object] | None = None
) -> tuple[Floats, Floats]:
    """Return the change of what each layer adds to the states (tuned - base), and what it adds in the base.

    Both are taken at the last token and have the shape (texts, layers + 1, width), where layer 0 is the embeddings.
    """
    results: list[tuple[Any, Any]] = []
    calls: dict[int, tuple[tuple[Any, ...], dict[str, Any], Any]] = {}

    def make_hook(number: int) -> Callable[..., None]:
        def store(_: Any, args: tuple[Any, ...], named: dict[str, Any], out: Any) -> None:
            calls[number] = args, named, out

        return store

    hooks = [
        layer.register_forward_hook(make_hook(number), with_kwargs=True) for number, layer in enumerate(layers(base))
    ]
    try:
        with torch.inference_mode():
            for batch in batches(probes.probes):
                encoded = inputs(base, batch)
                rows = torch.arange(len(batch), device=base.device)
                ends = torch.tensor([len(probe.ids) - 1 for probe in batch], device=base.device)
                embedded = [model.get_input_embeddings()(encoded["input_ids"])[rows, ends] for model in (base, tuned)]
                changes, added = [embedded[1] - embedded[0]], [embedded[0]]
                body(base)(**encoded, use_cache=False)
                for number, layer in enumerate(layers(tuned)):
                    args, named, out = calls.pop(number)
                    before = (args[0] if args else named["hidden_states"])[rows, ends]
                    old, new = (_states(value)[rows, ends] for value in (out, layer(*args, **named)))
                    changes.append(new - old)
                    added.append(old - before)
                results.append((torch.stack(changes, 1).float().cpu(), torch.stack(added, 1).float().cpu()))
                if progress:
                    progress(len(batch))
    finally:
        for hook in hooks:
            hook.remove()
    changed, added_by_base = (torch.cat(list(parts)).numpy() for parts in zip(*results, strict=True))
    return changed, added_by_base


def _states(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value

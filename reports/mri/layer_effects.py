"""What each layer does by itself: both models' layer is given the very same input, the base's.

Hidden states of a tuned model differ in all layers behind the first that was changed. Here they do not: a layer whose
weights are the base's gives exactly what the base's gives, whatever was changed below it.
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
    """What each layer adds in `tuned` minus what it adds in `base`, at the last token, and what it adds in `base`.

    Both have the shape (texts, layers + 1, width); the first of them is the embeddings.
    """
    found: list[tuple[Any, Any]] = []
    taken: dict[int, tuple[tuple[Any, ...], dict[str, Any], Any]] = {}

    def hook(at: int) -> Callable[..., None]:
        def keep(_: Any, args: tuple[Any, ...], named: dict[str, Any], out: Any) -> None:
            taken[at] = args, named, out

        return keep

    hooks = [layer.register_forward_hook(hook(at), with_kwargs=True) for at, layer in enumerate(layers(base))]
    try:
        with torch.inference_mode():
            for batch in batches(probes.probes):
                given = inputs(base, batch)
                rows = torch.arange(len(batch), device=base.device)
                ends = torch.tensor([len(probe.ids) - 1 for probe in batch], device=base.device)
                embedded = [model.get_input_embeddings()(given["input_ids"])[rows, ends] for model in (base, tuned)]
                changes, added = [embedded[1] - embedded[0]], [embedded[0]]
                body(base)(**given, use_cache=False)
                for at, layer in enumerate(layers(tuned)):
                    args, named, out = taken.pop(at)
                    before = (args[0] if args else named["hidden_states"])[rows, ends]
                    one, other = (_states(value)[rows, ends] for value in (out, layer(*args, **named)))
                    changes.append(other - one)
                    added.append(one - before)
                found.append((torch.stack(changes, 1).float().cpu(), torch.stack(added, 1).float().cpu()))
                if progress:
                    progress(len(batch))
    finally:
        for one in hooks:
            one.remove()
    both = zip(*found, strict=True)
    changed, was = (torch.cat(list(part)).numpy() for part in both)
    return changed, was


def _states(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value

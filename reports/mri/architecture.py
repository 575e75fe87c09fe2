"""What of a model a scan has to find, whatever the family: its layers, its last norm, its head."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import ModuleList
from transformers import AutoModelForCausalLM

from benchmark.mazes.errors import CheckpointError
from models import hardware, load
from models.weights import Weights

from .probe_set import Probe

TOKENS = 4096
"""Of a batch, padding included; two cores gain nothing beyond, and memory stays where it is."""
_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm")  # Llama, Qwen, Mistral; GPT-2; OPT, NeoX; Phi


def open_model(weights: Weights, random_seed: int | None = None) -> Any:
    """The model in float32 where there is room to run it, its adapter unmerged.

    With `random_seed` it is one of the same architecture whose weights nobody trained. Raises CheckpointError where
    there is none that loads.
    """
    if random_seed is None:
        model = load.model(weights)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(random_seed)
            settings = load.settings(weights)
            settings.dtype = torch.float32
            model = AutoModelForCausalLM.from_config(settings, trust_remote_code=weights.remote_code).float().eval()
    model = getattr(model, "get_base_model", lambda: model)()  # an adapter's layers stand in it
    return model.to("cuda") if hardware.has_cuda() else model


def body(model: Any) -> Any:
    """The model without its head: tokens to hidden states."""
    found = getattr(model, model.base_model_prefix, None)
    if found is None:
        raise CheckpointError(f"{type(model).__name__} has no body {model.base_model_prefix!r} that could be scanned")
    return found


def layers(model: Any) -> Any:
    """Its layers, in order. Raises CheckpointError where they are no list of as many as its settings say."""
    wanted = model.config.get_text_config(decoder=True).num_hidden_layers
    for module in body(model).modules():
        if isinstance(module, ModuleList) and len(module) == wanted:
            return module
    raise CheckpointError(f"{type(model).__name__} has no list of {wanted} layers")


def last_norm(model: Any) -> Any:
    """What stands between the last layer and the head."""
    for owner in (body(model), getattr(body(model), "decoder", None)):
        for name in _NORMS:
            if (found := getattr(owner, name, None)) is not None:
                return found
    raise CheckpointError(f"{type(model).__name__} has none of {', '.join(_NORMS)} before its head")


def batches(probes: tuple[Probe, ...], tokens: int = TOKENS) -> list[tuple[Probe, ...]]:
    """Neighbours of so many tokens at most, padding included; a text that is longer stands alone."""
    found: list[list[Probe]] = []
    for probe in probes:
        if found and max(len(other.ids) for other in (*found[-1], probe)) * (len(found[-1]) + 1) <= tokens:
            found[-1].append(probe)
        else:
            found.append([probe])
    return [tuple(batch) for batch in found]


def inputs(model: Any, batch: tuple[Probe, ...]) -> dict[str, torch.Tensor]:
    """The batch as the model reads it, padded on the right, where a causal model does not see it."""
    width = max(len(probe.ids) for probe in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, probe in enumerate(batch):
        ids[row, : len(probe.ids)] = torch.tensor(probe.ids)
        mask[row, : len(probe.ids)] = 1
    return {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}

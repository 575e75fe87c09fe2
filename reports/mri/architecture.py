"""Finds the parts of a model that a scan needs, in any family: its layers, its last norm, its head."""

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
"""The tokens of a batch, with padding. Larger batches are not faster on two cores and need more memory."""
_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm")  # Llama, Qwen, Mistral; GPT-2; OPT, NeoX; Phi


def open_model(weights: Weights, random_seed: int | None = None) -> Any:
    """Load a model, on the GPU if there is one, with its adapter unmerged.

    With `random_seed` the model has the same architecture and random weights, in float32. Raises CheckpointError where
    the model cannot be loaded.
    """
    if random_seed is None:
        model = load.model(weights)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(random_seed)
            settings = load.settings(weights)
            settings.dtype = torch.float32
            model = AutoModelForCausalLM.from_config(settings, trust_remote_code=weights.remote_code).float().eval()
    model = getattr(model, "get_base_model", lambda: model)()  # the base model contains the layers of an adapter
    return model.to("cuda") if hardware.has_cuda() else model


def body(model: Any) -> Any:
    """Return the model without its head, which maps tokens to hidden states. Raises CheckpointError without one."""
    module = getattr(model, model.base_model_prefix, None)
    if module is None:
        raise CheckpointError(f"{type(model).__name__} has no body {model.base_model_prefix!r} to scan")
    return module


def layers(model: Any) -> Any:
    """Return the layers of a model, in order. Raises CheckpointError where it has no list of `num_hidden_layers`."""
    wanted = model.config.get_text_config(decoder=True).num_hidden_layers
    for module in body(model).modules():
        if isinstance(module, ModuleList) and len(module) == wanted:
            return module
    raise CheckpointError(f"{type(model).__name__} has no list of {wanted} layers")


def last_norm(model: Any) -> Any:
    """Return the norm between the last layer and the head. Raises CheckpointError where no known name exists."""
    for owner in (body(model), getattr(body(model), "decoder", None)):
        for name in _NORMS:
            if (norm := getattr(owner, name, None)) is not None:
                return norm
    raise CheckpointError(f"{type(model).__name__} has none of {', '.join(_NORMS)} before its head")


def batches(probes: tuple[Probe, ...], tokens: int = TOKENS) -> list[tuple[Probe, ...]]:
    """Group texts, in order, into batches of at most `tokens` tokens with padding; a longer text is a batch of one."""
    groups: list[list[Probe]] = []
    for probe in probes:
        if groups and max(len(member.ids) for member in (*groups[-1], probe)) * (len(groups[-1]) + 1) <= tokens:
            groups[-1].append(probe)
        else:
            groups.append([probe])
    return [tuple(group) for group in groups]


def inputs(model: Any, batch: tuple[Probe, ...]) -> dict[str, torch.Tensor]:
    """Return the inputs of a model for a batch: ids and mask of shape (texts, tokens).

    The padding is on the right, where it does not change the states of a causal model.
    """
    width = max(len(probe.ids) for probe in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, probe in enumerate(batch):
        ids[row, : len(probe.ids)] = torch.tensor(probe.ids)
        mask[row, : len(probe.ids)] = 1
    return {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}

"""A cache of keys and values with a fixed size, for generation on a CPU."""

from __future__ import annotations

from inspect import signature
from typing import Any
from weakref import WeakKeyDictionary

import torch
from transformers import StaticCache


def static_cache(model: Any, tokens: int) -> dict[str, Any]:
    """What `generate` takes beside its inputs: on a CPU a place for the keys and values of all these tokens.

    Without it they are copied for every token: 128 replies about 8x8 mazes took two cores 94 s, and take 27 s with it.
    On a GPU transformers would compile the model for each size; a model without such a cache does as it is used to.
    """
    if model.device.type != "cpu" or _has_prompt(model) or not _takes_static(_bare(model)):
        return {}
    return {"past_key_values": StaticCache(config=model.config, max_cache_len=tokens)}


def is_plain(model: Any) -> bool:
    """Whether a model keeps keys and values alone, so that it does not see what fills up a row of a batch.

    transformers says so of its own families: they run as one graph and have no other state.
    """
    whole = _bare(model)
    return whole._can_compile_fullgraph and not whole._is_stateful and not _has_prompt(model)


def _bare(model: Any) -> Any:
    """The model under its adapter."""
    return getattr(model, "get_base_model", lambda: model)()


def _has_prompt(model: Any) -> bool:
    """Whether its adapter puts tokens of its own before a text."""
    return any(one.is_prompt_learning for one in getattr(model, "peft_config", {}).values())


_TAKES_STATIC: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def _takes_static(whole: Any) -> bool:
    """Whether a model says the same with a static cache, tried with three tokens.

    Only those are tried that transformers compiles as a whole: others (GPT-Neo) do wrong beyond some length.
    """
    if whole not in _TAKES_STATIC:
        takes_cache = "past_key_values" in signature(whole.forward).parameters
        _TAKES_STATIC[whole] = takes_cache and whole._can_compile_fullgraph and _try_static(whole)
    return _TAKES_STATIC[whole]


def _try_static(whole: Any) -> bool:
    ids = torch.zeros(1, 3, dtype=torch.long, device=whole.device)
    try:
        with torch.inference_mode():
            bare = whole(ids, use_cache=False).logits.float()
            cache = StaticCache(config=whole.config, max_cache_len=8)
            kept = whole(ids, past_key_values=cache, use_cache=True).logits.float()
    except Exception:  # noqa: BLE001  whatever it is, a static cache is not for this model
        return False
    return bool((kept - bare).abs().max() <= 1e-3 * bare.std())

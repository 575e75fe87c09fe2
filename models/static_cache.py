"""A key-value cache of fixed size, for generation on a CPU."""

from __future__ import annotations

from inspect import signature
from typing import Any
from weakref import WeakKeyDictionary

import torch
from transformers import StaticCache


def static_cache(model: Any, tokens: int) -> dict[str, Any]:
    """Arguments for `generate`: on a CPU a cache for the keys and values of this many tokens; else nothing.

    Without it, keys and values are copied for every token: 128 replies about 8x8 mazes take two cores 94 s, and 27 s
    with it. On a GPU transformers would compile the model for each size of the cache.
    """
    if model.device.type != "cpu" or has_prompt(model) or not _takes_static(_bare(model)):
        return {}
    return {"past_key_values": StaticCache(config=model.config, max_cache_len=tokens)}


def is_plain(model: Any) -> bool:
    """Whether the only state of a model is keys and values, so that padding in a batch does not change its replies.

    transformers has this information about its own families: they run as one graph and have no other state.
    """
    bare = _bare(model)
    return bare._can_compile_fullgraph and not bare._is_stateful and not has_prompt(model)


def _bare(model: Any) -> Any:
    """The model without its adapter."""
    return getattr(model, "get_base_model", lambda: model)()


def has_prompt(model: Any) -> bool:
    """Whether its adapter inserts virtual tokens before a text."""
    return any(config.is_prompt_learning for config in getattr(model, "peft_config", {}).values())


_TAKES_STATIC: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def _takes_static(bare: Any) -> bool:
    """Whether a model has the same logits with a static cache, tested with three tokens.

    Only models that transformers compiles as one graph are tested: others (GPT-Neo) fail beyond some length only.
    """
    if bare not in _TAKES_STATIC:
        takes_cache = "past_key_values" in signature(bare.forward).parameters
        _TAKES_STATIC[bare] = takes_cache and bare._can_compile_fullgraph and _try_static(bare)
    return _TAKES_STATIC[bare]


def _try_static(bare: Any) -> bool:
    ids = torch.zeros(1, 3, dtype=torch.long, device=bare.device)
    try:
        with torch.inference_mode():
            expected = bare(ids, use_cache=False).logits.float()
            cache = StaticCache(config=bare.config, max_cache_len=8)
            cached = bare(ids, past_key_values=cache, use_cache=True).logits.float()
    except Exception:  # noqa: BLE001  whatever the error is, this model does not support a static cache
        return False
    return bool((cached - expected).abs().max() <= 1e-3 * expected.std())

"""Attention of several query heads to each key head, without a copy of keys and values for each query head.

transformers copies them wherever there is a mask, which is always where rows have several lengths: with 3 query heads
for each key head and 16 rows of 600 tokens, attention took three times as long as it has to.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "grouped_sdpa"


def use_grouped_attention(model: Any) -> None:
    """Let a model use this attention, if it uses PyTorch's `scaled_dot_product_attention`."""
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    if bare.config._attn_implementation == "sdpa" and bare.config.get_text_config()._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, _attend)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        bare.set_attn_implementation(NAME)


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any, **settings: Any
) -> Any:
    """As `sdpa_attention_forward`, of tensors of shape (rows, heads, tokens, size)."""
    groups = query.shape[1] // key.shape[1]
    has_bias = settings.get("position_bias") is not None
    if groups == 1 or attention_mask is None or has_bias or attention_mask.shape[1] != 1:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **settings)
    scale, dropout = settings.get("scaling"), settings.get("dropout", 0.0)
    attend = torch.nn.functional.scaled_dot_product_attention
    if query.device.type == "cpu":  # whose kernel knows groups
        output = attend(query, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scale, enable_gqa=True)
    elif query.shape[2] == 1:  # the heads of a group as if they were tokens
        grouped = query.reshape(query.shape[0], key.shape[1], groups, query.shape[3])
        output = attend(grouped, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scale)
        output = output.reshape(query.shape[0], query.shape[1], 1, -1)
    else:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **settings)
    return output.transpose(1, 2).contiguous(), None

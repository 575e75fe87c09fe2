"""Models of other families: random weights, a tokenizer of their own, saved as anyone's are."""

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FAMILIES = {
    "GPT2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 2048},
    "Qwen3": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 2048,
    },
}
_SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 2048,
}
_HEADS = _SMALL | {"head_dim": 16}
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 2048}
_BLOOM = {"hidden_size": 32, "n_layer": 2, "n_head": 2}
_FALCON = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_STATE = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
_EYE = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
OTHERS = {
    "Llama": _SMALL,
    "Qwen2": _SMALL,
    "Qwen3Moe": _HEADS | {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    "Mistral": _HEADS | {"sliding_window": 64},  # all of its layers look back less than a prompt is long
    "Phi": _SMALL,
    "Phi3": _SMALL,
    "GPTNeoX": _SMALL,
    "GptOss": _HEADS | {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 64},  # attention sinks
    "DeepseekV3": _SMALL  # keys and values of different sizes
    | {
        "num_key_value_heads": 2,
        "moe_intermediate_size": 32,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "n_group": 1,
        "topk_group": 1,
        "first_k_dense_replace": 1,
        "q_lora_rank": 16,
        "kv_lora_rank": 16,
        "qk_rope_head_dim": 8,
        "qk_nope_head_dim": 8,
        "v_head_dim": 16,
    },
    "Lfm2": _SMALL | {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
    "Gemma2": _HEADS | {"sliding_window": 64},  # half of its layers look back 64 tokens
    "Gemma3": {"text_config": _HEADS | {"sliding_window": 64}, "vision_config": _EYE},  # nested settings
    "Bloom": _BLOOM,  # ALiBi, and no static cache for a text that is not padded
    "Falcon": _FALCON | {"alibi": True},
    "Mpt": {"d_model": 32, "n_layers": 2, "n_heads": 2, "max_seq_len": 2048},
    "GPTNeo": {  # a static cache does wrong beyond its window
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 2,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 64,
    },
    "GPTJ": _GPT | {"rotary_dim": 8},
    "OPT": _FALCON | {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "Mixtral": _SMALL | {"num_local_experts": 4},
    "Mamba": _STATE,  # no attention
    "Mamba2": _STATE | {"num_heads": 8, "head_dim": 8, "n_groups": 1},
    "Rwkv": {"hidden_size": 32, "num_hidden_layers": 2, "attention_hidden_size": 32, "context_length": 2048},  # padding
    "RecurrentGemma": _HEADS | {"num_hidden_layers": 3, "lru_width": 32, "attention_window_size": 64},  # is seen
    "Jamba": _SMALL
    | {
        "num_hidden_layers": 4,
        "num_experts": 2,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "expert_layer_period": 2,
        "mamba_d_state": 4,
        "use_mamba_kernels": False,
    },
}
"""More families, for the ways in which they keep and look back."""
WITH_STATE = {"Lfm2", "Mamba", "Mamba2", "Rwkv", "RecurrentGemma", "Jamba"}
"""Those of them that keep more than keys and values."""


def save(folder, family, settings=None):
    """A model of that family with bytes for tokens; Qwen's has a chat template."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from tokenizers.trainers import BpeTrainer

    ends = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    bytewise = Tokenizer(models.BPE())
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    bytewise.train_from_iterator(
        ["Find a shortest path from S to G in this maze.\n ___\n|  |"],
        BpeTrainer(
            vocab_size=400,
            special_tokens=ends,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    chats = family == "Qwen3"
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bytewise, eos_token=ends[2 if chats else 0], pad_token=ends[0]
    )
    if chats:
        tokenizer.chat_template = TEMPLATE
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(tokenizer),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        **(settings or (FAMILIES | OTHERS)[family]),
    )
    if family in OTHERS and "text_config" in OTHERS[family]:
        config.text_config.vocab_size = len(tokenizer)
        config.text_config.pad_token_id = tokenizer.pad_token_id
    torch.manual_seed(0)
    is_tied = (settings or {}).get("tie_word_embeddings") is True
    if family in OTHERS and not is_tied:  # a model whose head is its embeddings repeats what it has read
        config.tie_word_embeddings = config.get_text_config().tie_word_embeddings = False
    model = transformers.AutoModelForCausalLM.from_config(config)
    if family in OTHERS:  # random weights as they are begun write the same token again and again
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.data = torch.randn_like(weight) * 2 / weight.shape[-1] ** 0.5
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder

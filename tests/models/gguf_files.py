"""Small .gguf files for tests: random weights, and the metadata that llama.cpp's converter writes."""

import gguf
import numpy as np

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WIDTH, LAYERS, HEADS = 64, 2, 2
BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]
"""The bytes that a byte-level vocabulary writes as themselves; the others are written as letters from 256 on."""


def alphabet():
    others = [byte for byte in range(256) if byte not in BYTES]
    return [chr(byte) for byte in BYTES] + [chr(256 + at) for at in range(len(others))]


def write(file, architecture="llama", extra=None, kind=None, tensors=None):
    """Write a model with two layers. `extra`: metadata by key, which replaces that of the model."""
    words = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *alphabet(), "\u0120\u0120"]
    vocabulary = len(words)
    writer = gguf.GGUFWriter(file, architecture)
    if kind:
        writer.add_type(kind)
    writer.add_name("Tiny")
    writer.add_license("mit")
    for name, value in {
        "context_length": 512,
        "embedding_length": WIDTH,
        "block_count": LAYERS,
        "feed_forward_length": WIDTH,
        "attention.head_count": HEADS,
        "attention.head_count_kv": HEADS,
        "rope.dimension_count": WIDTH // HEADS,
        "vocab_size": vocabulary,
    }.items():
        writer.add_uint32(f"{architecture}.{name}", value)
    writer.add_float32(f"{architecture}.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_float32(f"{architecture}.rope.freq_base", 10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([3, 3, 3] + [1] * (vocabulary - 3))
    writer.add_token_merges(["\u0120 \u0120"])
    numbers = {"bos": 1, "eos": 0, "padding": 0}
    for name, number in numbers.items():
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", number)
    for name, value in ({"tokenizer.ggml.pre": "gpt-2"} | (extra or {})).items():
        add = {bool: writer.add_bool, int: writer.add_uint32, str: writer.add_string}[type(value)]
        add(name, value)
    for name, weights in (random_tensors(vocabulary) if tensors is None else tensors).items():
        if weights.ndim == 2 and "ffn" in name:
            quantized = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q4_0)
            writer.add_tensor(name, quantized, raw_dtype=gguf.GGMLQuantizationType.Q4_0)
        else:
            writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def random_tensors(vocabulary):
    random = np.random.default_rng(0)

    def matrix(rows, columns):
        return random.normal(0, 0.1, (rows, columns)).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    tensors = {"token_embd.weight": matrix(vocabulary, WIDTH), "output_norm.weight": ones}
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        tensors |= {f"{block}.{name}_norm.weight": ones for name in ("attn", "ffn")}
        names = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
        tensors |= {f"{block}.{name}.weight": matrix(WIDTH, WIDTH) for name in names}
    return tensors

"""Writes the model in a .gguf file as safetensors, with its tokenizer, and restores what the format does not hold.

transformers reads and dequantizes the tensors. A GGUF file has no tokenizer.json: transformers builds one from the
vocabulary. It then lacks the tokens that are added to each text, and for some models the rule that splits words.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import pre_tokenizers, processors
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    GgufConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
from transformers.utils import logging

from benchmark.mazes.errors import CheckpointError

from .gguf import Header
from .soundness import check_names

SINGLE_DIGITS = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}
"""Rules for splitting words (`tokenizer.ggml.pre`) that cut off each digit, and then split as GPT-2 does."""
LIKE_GPT2 = {"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "roberta-bpe", "gigachat"}
LIKE_LLAMA3 = {"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken"}
"""Rules with which a word that is a token is not merged, and, if the file does not say otherwise, BOS is added."""
ENDS_OF_TURN = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<turn|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|return|>",
    "<|call|>",
    "<EOT>",
    "</s>",
)
"""Tokens with which chat templates end the assistant's turn."""


@dataclass
class Notes:
    """What happened to the things that the format does not hold, in sentences for the record and the model card."""

    restored: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def convert(header: Header, target: Path) -> Notes:
    """Write model and tokenizer into a folder.

    Raises CheckpointError if transformers does not know the architecture or a type of tensors, or if the file lacks
    tensors of the model.
    """
    notes = Notes()
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as empty:
        warnings.simplefilter("ignore")  # of the libraries, about arrays and settings of their own
        before = logging.get_verbosity()
        logging.set_verbosity_error()
        try:
            # the folder of the file may hold settings of something else; in an empty one nothing but the file is read
            tokenizer = _load_tokenizer(header, Path(empty))
            model = _load_model(header, Path(empty))
        finally:
            logging.set_verbosity(before)
        _restore_split(header, tokenizer, notes)
        _restore_added_tokens(header, tokenizer, notes)
        model.generation_config = _generation_config(header, tokenizer, notes)
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)
    return notes


def _load_model(header: Header, empty: Path) -> PreTrainedModel:
    try:
        config = AutoConfig.from_pretrained(empty, gguf_file=str(header.file))
        model, names = AutoModelForCausalLM.from_pretrained(
            empty,
            config=config,
            gguf_file=str(header.file),
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
            output_loading_info=True,
        )
    except Exception as error:  # the errors of transformers and gguf are of all kinds
        raise CheckpointError(f"cannot read the model in {header.file}: {_reason(error, header)}") from error
    check_names(
        f"the tensors in {header.file} do not fit {type(model).__name__}",
        names["missing_keys"],
        names["unexpected_keys"],
        names["mismatched_keys"],
    )
    return model


def _load_tokenizer(header: Header, empty: Path) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(empty, gguf_file=str(header.file))
    except Exception as error:  # as above
        raise CheckpointError(f"cannot read the tokenizer in {header.file}: {_reason(error, header)}") from error


def _reason(error: Exception, header: Header) -> str:
    text = " ".join(str(error).split())[:300]
    if ("architecture" in text and "not supported" in text) or isinstance(error, KeyError):
        return (
            f"transformers does not read GGUF files of the architecture {header.architecture!r}. Use the model's "
            "safetensors, or serve the file (`llama-server -m FILE`) and pass --endpoint"
        )
    return f"{type(error).__name__}: {text}"


def _restore_split(header: Header, tokenizer: PreTrainedTokenizerBase, notes: Notes) -> None:
    """Set the rule that splits words where transformers does not know it, and whether whole words are merged."""
    if header.metadata.get("tokenizer.ggml.model") != "gpt2":
        return  # SentencePiece has no such rule
    rule, backend = header.metadata.get("tokenizer.ggml.pre", "default"), tokenizer.backend_tokenizer
    if rule in SINGLE_DIGITS:
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        notes.restored.append(f"the rule {rule!r} that splits words: each digit is a word")
    elif rule in LIKE_LLAMA3:
        backend.model.ignore_merges = True
        notes.restored.append(f"words that are tokens are not merged ({rule!r})")
    elif rule not in GGUF_PRE_TOKENIZER_SPLITS and rule not in LIKE_GPT2:
        notes.lost.append(f"the rule {rule!r} that splits words is not known here: words are split as GPT-2 does")


def _restore_added_tokens(header: Header, tokenizer: PreTrainedTokenizerBase, notes: Notes) -> None:
    """Let the tokenizer add BOS and EOS to each text if the file says so."""
    kind, rule = (header.metadata.get(f"tokenizer.ggml.{name}") for name in ("model", "pre"))
    adds_bos = header.metadata.get("tokenizer.ggml.add_bos_token", kind == "llama" or rule in LIKE_LLAMA3)
    adds_eos = header.metadata.get("tokenizer.ggml.add_eos_token", False)
    before = [tokenizer.bos_token] if adds_bos and tokenizer.bos_token_id is not None else []
    after = [tokenizer.eos_token] if adds_eos and tokenizer.eos_token_id is not None else []
    ids = tokenizer("a")["input_ids"]
    has_both = ids[: len(before)] == [tokenizer.bos_token_id] * len(before) and (
        ids[len(ids) - len(after) :] == [tokenizer.eos_token_id] * len(after)
    )
    if has_both or not ids:
        return
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=[*before, "$A", *after],
        pair=[*before, "$A", *after, *(f"{token}:1" for token in before), "$B:1", *(f"{token}:1" for token in after)],
        special_tokens=[(token, tokenizer.convert_tokens_to_ids(token)) for token in {*before, *after}],
    )
    notes.restored.append(
        f"the tokenizer adds {' and '.join(before + after)} to each text, as the model was trained to read it"
    )


def _generation_config(header: Header, tokenizer: PreTrainedTokenizerBase, notes: Notes) -> GenerationConfig:
    """The settings of generation: the tokens that end a reply, with that of the turn if the model chats."""
    ends = [header.metadata.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")]
    vocabulary = tokenizer.get_vocab()
    template = header.chat_template or ""
    of_turn = [token for token in ENDS_OF_TURN if token in template and token in vocabulary]
    ends += [vocabulary[token] for token in of_turn]
    stops = sorted({token for token in ends if isinstance(token, int)})
    if set(stops) - {tokenizer.eos_token_id}:
        names = ", ".join(str(tokenizer.convert_ids_to_tokens(token)) for token in stops)
        notes.restored.append(f"a reply ends with any of {names}")
    notes.lost.append("the settings of sampling that the model's authors recommend")
    return GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=stops or None, pad_token_id=tokenizer.pad_token_id
    )

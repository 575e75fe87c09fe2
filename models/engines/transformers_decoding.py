"""Batched decoding with transformers: the heavy half of the engine `transformers`, which imports it."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Generator, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel, PreTrainedTokenizerBase

from models import adapter_check, hardware, load, static_cache
from models.requests import Reply, Request
from models.weights import Weights

from .gumbel_noise import GumbelNoise
from .tokens import TokenizedRequest, decode_reply, notify_if_folded, positions, tokenize

CACHE_BYTES = 2**30  # what the keys and values of one batch may take
MOST_ROWS = 128  # more rows in a batch gain nothing on two cores
STEPS = 4  # tokens that padding is tried with: some models (RecurrentGemma) see it from the second on
PADDED = {"float32": 1e-3, "bfloat16": 0.2}
"""How far padding may move logits, as a share of their spread: in float32 by 1e-6 where it is not seen, else 0.01."""


class Decoder:
    """One model where it is to run, its adapter unmerged: float32 on a CPU, bfloat16 on a GPU."""

    def __init__(self, weights: Weights) -> None:
        """Raises CheckpointError where there is no model that loads."""
        self.weights = weights
        model: PreTrainedModel = load.model(weights)
        self.tokenizer: PreTrainedTokenizerBase = load.tokenizer(weights)
        self.model: PreTrainedModel = model.to("cuda", torch.bfloat16) if hardware.has_cuda() else model
        self.stop_ids = load.stop_token_ids(weights, self.tokenizer)
        self.padding_id: int = self.tokenizer.pad_token_id or 0  # a model does not see it, so that any will do
        # nothing of what the model's own settings would change: all engines are to say what is likeliest, and no more
        self.model.generation_config = GenerationConfig(
            do_sample=False, eos_token_id=sorted(self.stop_ids) or None, pad_token_id=self.padding_id
        )

    def decode(self, name: str, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        """The replies, in the order of their lengths; `name` is the checkpoint's, for notes to the user.

        The longest come first: the batch that needs most memory is the first, and one that does not fit fails at once
        and not after an hour; and rows that stand beside each other are about as long, so that little is padded. When
        memory runs out, the batch is halved, and so are all batches after it: what did not fit once would not fit
        again, and finding that out costs a whole batch.
        """
        left = self._tokenize(name, requests)
        while left and not left[-1].limit:
            yield left.pop().request, Reply("", 0, truncated=True)
        most_rows, is_padded = MOST_ROWS, self._takes_padding(left)
        while left:
            rows = self._count_rows(left, most_rows, is_padded)
            try:
                replies = self._decode_batch(left[:rows])
            except (MemoryError, RuntimeError) as error:
                if rows == 1 or not _is_out_of_memory(error):
                    raise
                most_rows = rows // 2
                del error  # its frames hold the tensors of the batch
                free_memory()
                continue
            yield from zip((one.request for one in left[:rows]), replies, strict=True)
            left = left[rows:]

    def close(self) -> None:
        """Give the model's memory back; nothing can be decoded after that."""
        del self.model
        free_memory()

    def _tokenize(self, name: str, requests: Sequence[Request]) -> list[TokenizedRequest]:
        """The requests in token ids, the longest first; raises CheckpointError where the adapter does nothing."""
        longest = positions(load.settings(self.weights)) - self.weights.virtual_tokens
        vocabulary = int(self.model.get_input_embeddings().weight.shape[0])
        tokenized = tokenize(requests, self.tokenizer, self.weights, longest, vocabulary)
        notify_if_folded(name, requests, self.tokenizer)
        if self.weights.base and tokenized:
            adapter_check.check_applied(self.model, tokenized[0].ids, self.weights)
        return tokenized

    def _count_rows(self, left: Sequence[TokenizedRequest], most: int, is_padded: bool) -> int:
        """How many of these requests make the next batch: as many as fit beside the first, which is the longest."""
        room = CACHE_BYTES // _bytes_per_token(self.model)
        rows = max(1, min(most, len(left), room // (len(left[0].ids) + left[0].limit)))
        if is_padded:
            return rows
        return next((at for at in range(1, rows) if len(left[at].ids) != len(left[0].ids)), rows)

    def _decode_batch(self, batch: Sequence[TokenizedRequest]) -> list[Reply]:
        ids, mask = self._pad([one.ids for one in batch])
        limit = max(one.limit for one in batch)
        is_sampled = any(one.request.temperature for one in batch)
        output = self._generate(
            input_ids=ids,
            attention_mask=mask,
            **static_cache.static_cache(self.model, ids.shape[1] + limit),
            max_new_tokens=limit,
            logits_processor=LogitsProcessorList([GumbelNoise([one.request for one in batch])] if is_sampled else []),
        )
        rows = output[:, ids.shape[1] :].tolist()
        return [
            decode_reply(row, one.limit, self.stop_ids, self.tokenizer) for row, one in zip(rows, batch, strict=True)
        ]

    def _generate(self, **settings: Any) -> Any:
        with torch.inference_mode(), warnings.catch_warnings():
            # of prompt tuning, for each token; rows of one length need no others
            warnings.filterwarnings("ignore", "Position ids are not supported")
            return self.model.generate(**settings)

    def _pad(self, texts: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Texts as one batch, filled up on the left, and which of its tokens are a text's."""
        width = max(map(len, texts))
        ids = torch.tensor([[self.padding_id] * (width - len(text)) + text for text in texts])
        mask = torch.tensor([[0] * (width - len(text)) + [1] * len(text) for text in texts])
        return ids.to(self.model.device), mask.to(self.model.device)

    def _takes_padding(self, requests: Sequence[TokenizedRequest]) -> bool:
        """Whether texts of several lengths may be asked as one batch.

        Some models that keep a state see what fills a row up (RWKV, RecurrentGemma), and so does prompt tuning. No
        setting says so: the shortest text is tried by itself and beside the longest.
        """
        if static_cache.is_plain(self.model):
            return True
        shortest, *_, longest = sorted((one.ids for one in requests), key=len) if len(requests) > 1 else ([], [])
        if len(shortest) == len(longest):
            return True
        alone, padded = (self._first_logits(texts) for texts in ([shortest], [shortest, longest]))
        for one, other in zip(alone, padded, strict=True):
            if (one - other).abs().max() > PADDED[hardware.dtype()] * one.std():
                return False
            if one.argmax() != other.argmax():
                break  # as likely as each other: from here they write other texts
        return True

    def _first_logits(self, texts: Sequence[list[int]]) -> list[torch.Tensor]:
        """The logits of the first of these texts for the first tokens that are written."""
        ids, mask = self._pad(texts)
        output = self._generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=STEPS,
            min_new_tokens=STEPS,
            output_logits=True,
            return_dict_in_generate=True,
        )
        return [logits[0].float() for logits in output.logits]


def free_memory() -> None:
    """Give back what tensors held that nobody refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out; PyTorch's allocator on a CPU raises a plain RuntimeError."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


def _bytes_per_token(model: PreTrainedModel) -> int:
    """The size of one token's keys and values over all layers; for a model without attention, of its hidden states."""
    config = model.config.get_text_config(decoder=True)
    width, layers = (getattr(config, name, None) or 1 for name in ("hidden_size", "num_hidden_layers"))
    heads = getattr(config, "num_attention_heads", None)
    key_heads = getattr(config, "num_key_value_heads", None) or heads
    size = getattr(config, "head_dim", None)
    if isinstance(heads, int) and isinstance(key_heads, int):
        width = key_heads * (size or width // heads)  # others have as many as they like in each layer, and none at all
    return int(2 * int(layers * width) * model.dtype.itemsize)

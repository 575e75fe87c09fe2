"""The loop that pretrains the base.

The loss is taken on the statements alone: a drawing is random, and there is nothing to learn from guessing it. What the
base is taught inside (see `supervision`) is added to it; no weight is added for that.

Matrices are trained by Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), everything else by
AdamW: after 4 minutes of paths alone on one core, 26 % of the far ones in unseen 5x5 mazes were right, against 9 %
with AdamW for all.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate.utils import reduce
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

from benchmark.mazes.atomic import replacing
from models import curve_writer, processes

from . import supervision
from . import tokenizer as nano
from .curriculum import documents_at
from .documents import Document
from .settings import PretrainSettings
from .supervision import Known, Look

SAVE_EVERY = 200  # steps


def train(settings: PretrainSettings, target: Path, work: Path) -> dict[str, Any]:
    """Train into the folder `target`, and return the figures of the record.

    An interrupted training goes on from the folder `work`.
    """
    logging.disable_progress_bar()  # of writing the model, which takes no time
    torch.manual_seed(settings.seed)
    tokenizer = nano.build()
    model = build_model(settings, tokenizer).to("cuda" if torch.cuda.is_available() else "cpu")
    optimizers = build_optimizers(settings, model)
    first, log, before, started = 0, [], 0.0, time.monotonic()
    if (saved := work / "step.safetensors").is_file():
        state = load_file(saved)
        first, before = int(state.pop("step")), float(state.pop("seconds"))
        log = [{"step": at, "loss": loss} for at, loss in state.pop("log").tolist()]
        _restore(model, optimizers, state)

    losses: list[float] = []
    hidden = not processes.is_first()
    with tqdm(total=settings.max_steps, initial=first, desc="base: steps", unit="step", disable=hidden) as bar:
        for step in range(first, settings.max_steps):
            for optimizer, full in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = full * learning_rate_at(settings, step)
            loss = _learn(model, _tensors(settings, documents_at(settings, step), tokenizer, step))
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer, _ in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            losses.append(loss)
            bar.update()
            if (step + 1) % 20 == 0:
                log.append({"step": step + 1, "loss": sum(losses[-20:]) / len(losses[-20:])})
                bar.set_postfix(loss=f"{sum(losses[-100:]) / len(losses[-100:]):.3f}")
            if (step + 1) % SAVE_EVERY == 0 and processes.is_first():
                reached = torch.tensor([[entry["step"], entry["loss"]] for entry in log], dtype=torch.float64)
                took = before + time.monotonic() - started
                done = {
                    "step": torch.tensor(step + 1),
                    "seconds": torch.tensor(took),
                    "log": reached.reshape(-1, 2),
                }
                with replacing(saved) as beside:
                    save_file(_state(model, optimizers) | done, beside)
    if processes.is_first():
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)
        curve_writer.write(log, target)
    recent = losses[-100:] or [entry["loss"] for entry in log[-5:]]  # none where nothing was left to train
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "loss": round(sum(recent) / len(recent), 4),
        "trained_seconds": round(before + time.monotonic() - started),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
    }


def learning_rate_at(settings: PretrainSettings, step: int) -> float:
    """The learning rates at this step, as a share of their full size."""
    steps, shares = zip(*settings.learning_rate_schedule, strict=True)
    return float(np.interp(step, steps, shares))


def build_model(settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained model."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=3 * settings.hidden_size,
        num_hidden_layers=settings.num_hidden_layers,
        num_attention_heads=settings.num_attention_heads,
        num_key_value_heads=settings.num_attention_heads,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def build_optimizers(settings: PretrainSettings, model: LlamaForCausalLM) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices inside the layers, AdamW for the embedding and the norms, each with its full rate."""
    matrices = [value for value in model.model.layers.parameters() if value.ndim == 2]
    held = {id(value) for value in matrices}
    others = [value for value in model.parameters() if id(value) not in held]
    return [
        (torch.optim.Muon(matrices, lr=settings.muon_learning_rate, weight_decay=0.0), settings.muon_learning_rate),
        (
            torch.optim.AdamW(others, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
            settings.learning_rate,
        ),
    ]


class _Batch(NamedTuple):
    """Tensors of one row a document."""

    ids: torch.Tensor  # (documents, longest), padded at the end
    labels: torch.Tensor  # the same shape; what is not to be learned is -100
    taught: list[Known | Look]


def _tensors(
    settings: PretrainSettings, documents: list[Document], tokenizer: PreTrainedTokenizerFast, step: int
) -> _Batch:
    """The batch of one step, of documents about mazes of one size."""
    pieces = [
        [(document.title, False), (document.drawing, False), *document.pieces, (tokenizer.eos_token, True)]
        for document in documents
    ]
    tokens = iter(tokenizer([text for document in pieces for text, _ in document])["input_ids"])
    rows = [[(next(tokens), learned) for _, learned in document] for document in pieces]
    longest = max(sum(len(piece) for piece, _ in row) for row in rows)
    ids = torch.full((len(rows), longest), tokenizer.pad_token_id)
    labels = torch.full_like(ids, -100)
    for at, row in enumerate(rows):
        flat = [(token, learned) for piece, learned in row for token in piece]
        ids[at, : len(flat)] = torch.tensor([token for token, _ in flat])
        labels[at, : len(flat)] = torch.tensor([token if learned else -100 for token, learned in flat])
    first = [len(row[0][0]) + 1 for row in rows]  # after the title and the top of the drawing
    return _Batch(ids, labels, supervision.taught(settings, documents, ids, first, tokenizer, step))


def _learn(model: LlamaForCausalLM, batch: _Batch) -> float:
    """Leave the gradient of a batch in the model, and return the mean cross-entropy over the tokens to be learned.

    What is taught inside is added to it, each lesson as a mean too.
    Padding stands behind the text, where no token attends to it. Several processes share the documents, and each is
    left with the gradient of all of them.
    """
    learned = int((batch.labels[:, 1:] != -100).sum())
    rank, count = processes.rank(), processes.count()
    ids, labels = batch.ids[rank::count].to(model.device), batch.labels[rank::count].to(model.device)
    wanted = labels[:, 1:] != -100
    states = model.model(ids, output_hidden_states=True).hidden_states
    told = model.lm_head(states[-1][:, :-1][wanted])
    loss = total = cross_entropy(told, labels[:, 1:][wanted], reduction="sum") / learned
    for lesson in batch.taught:
        total = total + lesson.missed(model, states, ids)
    total.backward()
    if count > 1:
        with torch.no_grad():
            loss = reduce(loss)
            for value in model.parameters():
                value.grad = reduce(value.grad)
    return float(loss.item())


def _tracked(
    model: LlamaForCausalLM, optimizers: list[tuple[torch.optim.Optimizer, float]]
) -> Iterator[tuple[str, torch.optim.Optimizer, torch.nn.Parameter]]:
    names = {id(value): name for name, value in model.named_parameters()}
    for optimizer, _ in optimizers:
        for group in optimizer.param_groups:
            for value in group["params"]:
                yield names[id(value)], optimizer, value


def _state(model: LlamaForCausalLM, optimizers: list[tuple[torch.optim.Optimizer, float]]) -> dict[str, torch.Tensor]:
    """Weights and optimizer state as flat tensors, so that an interrupted run needs no pickle to go on."""
    state = {f"weight/{name}": value.detach() for name, value in model.named_parameters()}
    for name, optimizer, value in _tracked(model, optimizers):
        state |= {f"{key}/{name}": kept for key, kept in optimizer.state[value].items()}
    return state


def _restore(
    model: LlamaForCausalLM, optimizers: list[tuple[torch.optim.Optimizer, float]], state: dict[str, torch.Tensor]
) -> None:
    """Put back what `_state` took."""
    for name, optimizer, value in _tracked(model, optimizers):
        value.data.copy_(state[f"weight/{name}"])
        kept = {key.split("/", 1)[0]: tensor for key, tensor in state.items() if key.endswith(f"/{name}")}
        kept.pop("weight")
        # the step that AdamW counts stays on the CPU
        optimizer.state[value] = {
            key: tensor.to(value.device) if tensor.ndim else tensor for key, tensor in kept.items()
        }

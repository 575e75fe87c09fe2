"""The loop that pretrains the base.

The loss is computed on the statements alone: a drawing is random, so there is nothing to learn from predicting it. The
additional losses of `supervision` are added to it; no weight is added for them.

Matrices are trained by Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), all other weights by
AdamW: after 4 minutes of paths alone on one core, 26 % of the long paths in unseen 5x5 mazes were right, against 9 %
with AdamW for all weights.
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
from .supervision import Lesson, TokenizedDocuments

Optimizers = list[tuple[torch.optim.Optimizer, float]]
"""Each optimizer, and its full learning rate."""
SAVE_EVERY = 200  # steps
LOG_EVERY = 20  # steps
RECENT = 100  # steps over which the displayed and the recorded loss are averaged


def train(settings: PretrainSettings, target: Path, work: Path) -> dict[str, Any]:
    """Train a base, and save model, tokenizer and curve into the folder `target`.

    An interrupted training resumes from the folder `work`, with the same weights as without the interruption.
    Returns the figures of the record: parameters, loss, seconds and machine.
    """
    logging.disable_progress_bar()  # of saving the model, which takes no time
    torch.manual_seed(settings.seed)
    tokenizer = nano.build()
    model = build_model(settings, tokenizer).to("cuda" if torch.cuda.is_available() else "cpu")
    training = _Training(settings, model, work / "step.safetensors")
    training.resume()
    hidden = not processes.is_first()
    with tqdm(
        total=settings.max_steps, initial=training.step, desc="base: steps", unit="step", disable=hidden
    ) as progress_bar:
        while training.step < settings.max_steps:
            batch = build_batch(settings, documents_at(settings, training.step), tokenizer, training.step)
            training.take_step(batch)
            progress_bar.update()
            if training.step % LOG_EVERY == 0:
                training.log_loss()
                progress_bar.set_postfix(loss=f"{training.recent_loss():.3f}")
            if training.step % SAVE_EVERY == 0 and processes.is_first():
                training.save()
    if processes.is_first():
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)
        curve_writer.write(training.log, target)
    return training.figures()


class _Training:
    """A model that is being trained: its optimizers, its step, and what was measured so far."""

    def __init__(self, settings: PretrainSettings, model: LlamaForCausalLM, file: Path) -> None:
        """Start at step 0; `file` is where `save` writes and `resume` reads."""
        self.settings, self.model, self.file = settings, model, file
        self.optimizers = build_optimizers(settings, model)
        self.step = 0
        self.log: list[dict[str, float]] = []
        self.losses: list[float] = []  # of each step since the training was started or resumed
        self.seconds_before, self.started = 0.0, time.monotonic()

    def take_step(self, batch: _Batch) -> None:
        """Change the weights by one batch."""
        for optimizer, full_rate in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = full_rate * learning_rate_at(self.settings, self.step)
        self.losses.append(compute_gradient(self.model, batch))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, _ in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1

    def log_loss(self) -> None:
        """Add the mean loss of the last LOG_EVERY steps to the log."""
        latest = self.losses[-LOG_EVERY:]
        self.log.append({"step": self.step, "loss": sum(latest) / len(latest)})

    def recent_loss(self) -> float:
        """The mean loss of the last RECENT steps; from the log where no step was left to train."""
        recent = self.losses[-RECENT:] or [entry["loss"] for entry in self.log[-RECENT // LOG_EVERY :]]
        return sum(recent) / len(recent)

    def seconds(self) -> float:
        """The seconds of training, those before interruptions included."""
        return self.seconds_before + time.monotonic() - self.started

    def save(self) -> None:
        """Save all that a resumed training needs, as tensors, so that no pickle is loaded."""
        log = torch.tensor([[entry["step"], entry["loss"]] for entry in self.log], dtype=torch.float64)
        progress = {
            "step": torch.tensor(self.step),
            "seconds": torch.tensor(self.seconds()),
            "log": log.reshape(-1, 2),  # an empty list has one dimension
        }
        with replacing(self.file) as temporary:
            save_file(_state(self.model, self.optimizers) | progress, temporary)

    def resume(self) -> None:
        """Restore what `save` saved, if there is such a file."""
        if not self.file.is_file():
            return
        state = load_file(self.file)
        self.step, self.seconds_before = int(state.pop("step")), float(state.pop("seconds"))
        self.log = [{"step": step, "loss": loss} for step, loss in state.pop("log").tolist()]
        _restore(self.model, self.optimizers, state)

    def figures(self) -> dict[str, Any]:
        """The figures of the record."""
        return {
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "loss": round(self.recent_loss(), 4),
            "trained_seconds": round(self.seconds()),
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        }


def learning_rate_at(settings: PretrainSettings, step: int) -> float:
    """The learning rate at a step, as a share of the full one, from 0 to 1."""
    steps, shares = zip(*settings.learning_rate_schedule, strict=True)
    return float(np.interp(step, steps, shares))


def build_model(settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained model, on the CPU; its weights are random numbers of torch's generator."""
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


def build_optimizers(settings: PretrainSettings, model: LlamaForCausalLM) -> Optimizers:
    """Muon for the matrices inside the layers, AdamW for the embedding and the norms."""
    matrices = [value for value in model.model.layers.parameters() if value.ndim == 2]
    matrix_ids = {id(value) for value in matrices}
    embeddings_and_norms = [value for value in model.parameters() if id(value) not in matrix_ids]
    return [
        (torch.optim.Muon(matrices, lr=settings.muon_learning_rate, weight_decay=0.0), settings.muon_learning_rate),
        (
            torch.optim.AdamW(embeddings_and_norms, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
            settings.learning_rate,
        ),
    ]


class _Batch(NamedTuple):
    """Tensors of one row a document."""

    ids: torch.Tensor  # (documents, longest), padded at the end
    labels: torch.Tensor  # the same shape; -100 for tokens that are not learned
    lessons: list[Lesson]


def build_batch(
    settings: PretrainSettings, documents: list[Document], tokenizer: PreTrainedTokenizerFast, step: int
) -> _Batch:
    """The batch of a step, from documents about mazes of one size."""
    pieces = [
        [(document.title, False), (document.drawing, False), *document.pieces, (tokenizer.eos_token, True)]
        for document in documents
    ]
    # one call of the tokenizer for all pieces of the batch
    tokens = iter(tokenizer([text for document in pieces for text, _ in document])["input_ids"])
    rows = [[(next(tokens), is_learned) for _, is_learned in document] for document in pieces]
    longest = max(sum(len(piece) for piece, _ in row) for row in rows)
    ids = torch.full((len(rows), longest), tokenizer.pad_token_id)
    labels = torch.full_like(ids, -100)
    for number, row in enumerate(rows):
        flat = [(token, is_learned) for piece, is_learned in row for token in piece]
        ids[number, : len(flat)] = torch.tensor([token for token, _ in flat])
        labels[number, : len(flat)] = torch.tensor([token if is_learned else -100 for token, is_learned in flat])
    first_cells = [len(row[0][0]) + 1 for row in rows]  # after the title and the top of the drawing
    tokenized = TokenizedDocuments(documents, ids, first_cells)
    return _Batch(ids, labels, supervision.build_lessons(settings, tokenized, tokenizer, step))


def compute_gradient(model: LlamaForCausalLM, batch: _Batch) -> float:
    """Add the gradient of a batch to the model; return the mean cross-entropy over the tokens that are learned.

    The mean loss of each lesson is added to it before the gradient is computed. Padding is at the end of a text, where
    no token of the text attends to it, so that no attention mask is needed. Several processes share the documents; at
    the end each has the gradient of all of them.
    """
    num_learned = int((batch.labels[:, 1:] != -100).sum())  # in all processes: their sums add up to the mean
    rank, count = processes.rank(), processes.count()
    ids, labels = batch.ids[rank::count].to(model.device), batch.labels[rank::count].to(model.device)
    is_learned = labels[:, 1:] != -100
    states = model.model(ids, output_hidden_states=True).hidden_states
    # logits are computed for the learned tokens alone
    logits = model.lm_head(states[-1][:, :-1][is_learned])
    loss = total = cross_entropy(logits, labels[:, 1:][is_learned], reduction="sum") / num_learned
    for lesson in batch.lessons:
        total = total + lesson.loss(model, states, ids)
    total.backward()
    if count > 1:
        with torch.no_grad():
            loss = reduce(loss)
            for value in model.parameters():
                value.grad = reduce(value.grad)
    return float(loss.item())


def _optimized(
    model: LlamaForCausalLM, optimizers: Optimizers
) -> Iterator[tuple[str, torch.optim.Optimizer, torch.nn.Parameter]]:
    """The name of each parameter, its optimizer, and the parameter."""
    names = {id(value): name for name, value in model.named_parameters()}
    for optimizer, _ in optimizers:
        for group in optimizer.param_groups:
            for value in group["params"]:
                yield names[id(value)], optimizer, value


def _state(model: LlamaForCausalLM, optimizers: Optimizers) -> dict[str, torch.Tensor]:
    """Weights and state of the optimizers as tensors, under names such as `weight/NAME` and `exp_avg/NAME`."""
    state = {f"weight/{name}": value.detach() for name, value in model.named_parameters()}
    for name, optimizer, value in _optimized(model, optimizers):
        state |= {f"{key}/{name}": tensor for key, tensor in optimizer.state[value].items()}
    return state


def _restore(model: LlamaForCausalLM, optimizers: Optimizers, state: dict[str, torch.Tensor]) -> None:
    """Restore what `_state` returned."""
    for name, optimizer, value in _optimized(model, optimizers):
        value.data.copy_(state[f"weight/{name}"])
        tensors = {key.split("/", 1)[0]: tensor for key, tensor in state.items() if key.endswith(f"/{name}")}
        tensors.pop("weight")
        # AdamW's step count is a number without dimensions, which stays on the CPU
        optimizer.state[value] = {
            key: tensor.to(value.device) if tensor.ndim else tensor for key, tensor in tensors.items()
        }

"""base: a small Llama, trained from scratch on drawings of mazes and statements that are true of them.

It is trained once, for long, and shipped with the project. To train it again (about 30 minutes on two cores; an
interrupted run goes on where it was):

    python -m models.recipes.pretrain FOLDER

The loss is taken on the statements alone: a drawing is random, and there is nothing to learn from guessing it.
What took longest to learn is where in a drawing a named cell stands. With one size alone, and a statement that asks
for nothing else, it came within 500 steps (92 % of the sides of unseen 5x5 cells right, 27 % with another maze's
drawing); with sizes 3 to 6 mixed from the start, or with paths alone, it had not come after 1,000. So sizes are added
one by one.

Matrices are trained by Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), everything else by
AdamW: after 4 minutes of paths alone on one core, 26 % of the far ones in unseen 5x5 mazes were right, against 9 %
with AdamW for all.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import processes

from . import curve

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from models.load import Weights

SAVE_EVERY = 200  # steps


@dataclass(frozen=True)
class Pretrain:
    """Everything that decides the base."""

    layers: int = 4
    width: int = 128
    heads: int = 4
    steps: int = 5_500
    sizes: tuple[tuple[int, tuple[int, ...]], ...] = (
        (0, (5,)),
        (900, (4, 5)),
        (1_800, (4, 5, 8)),
    )
    """From which step on batches of which sizes follow each other in turn."""
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    cells: int = 400  # mazes in a batch = cells / cells of one maze
    paths: int = 2  # statements `from` about a maze
    matrix_rate: float = 0.02  # Muon's learning rate
    rate: float = 2e-3  # AdamW's
    warmup: int = 100  # steps in which the rates rise
    decay: int = 2_500  # steps at the end in which they fall to 0, both in a straight line
    seed: int = 1

    method = "base"
    parent = None
    judge = None
    answers = True

    def describe(self) -> dict[str, Any]:
        from models import tokenizer

        total = hashlib.sha256()
        for step in (0, 1, self.steps - 1):
            for drawing, statements in self.documents(step):
                total.update(drawing.encode() + statements.encode())
        return {"method": "pretrain", **asdict(self), "data": total.hexdigest(), "tokenizer": tokenizer.digest()}

    def documents(self, step: int) -> list[tuple[str, str]]:
        """The batch of one step, as (drawing, statements): the same for the same step, whatever came before it."""
        import numpy as np

        from benchmark.mazes import training

        from . import texts

        sizes = [sizes for first, sizes in self.sizes if first <= step][-1]
        size = sizes[step % len(sizes)]
        random = np.random.default_rng([self.seed, step])
        mazes = training.stream(f"pretrain-{self.seed}-{step}", size, size, self.generators)
        return [
            texts.document(next(mazes), random, self.paths, marked=bool(random.random() < 0.5))
            for _ in range(max(1, self.cells // size**2))
        ]

    def rate_at(self, step: int) -> float:
        """The learning rates at this step, as a share of their full size."""
        return min(1.0, (step + 1) / self.warmup, (self.steps - step) / self.decay)

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        import torch
        from safetensors.torch import load_file, save_file
        from tqdm import tqdm
        from transformers.utils import logging

        from models import tokenizer as nano

        logging.disable_progress_bar()  # of writing the model, which takes no time
        torch.manual_seed(self.seed)
        tokenizer = nano.build()
        model = self.model(tokenizer).to("cuda" if torch.cuda.is_available() else "cpu")
        optimizers = self.optimizers(model)
        first, log, before, started = 0, [], 0.0, time.monotonic()
        if (saved := work / "step.safetensors").is_file():
            state = load_file(saved)
            first, before = int(state.pop("step")), float(state.pop("seconds"))
            log = [{"step": at, "loss": loss} for at, loss in state.pop("log").tolist()]
            _restore(model, optimizers, state)

        losses: list[float] = []
        hidden = not processes.is_first()
        with tqdm(total=self.steps, initial=first, desc="base: steps", unit="step", disable=hidden) as bar:
            for step in range(first, self.steps):
                for optimizer, full in optimizers:
                    for group in optimizer.param_groups:
                        group["lr"] = full * self.rate_at(step)
                ids, labels = (tensor.to(model.device) for tensor in _tensors(self.documents(step), tokenizer))
                loss = _learn(model, ids, labels)
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
                    beside = saved.with_suffix(".new")
                    save_file(_state(model, optimizers) | done, beside)
                    beside.replace(saved)
        if processes.is_first():
            model.save_pretrained(target)
            tokenizer.save_pretrained(target)
            curve.write(log, target)
        return {
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "loss": round(sum(losses[-100:]) / len(losses[-100:]), 4),
            "trained_seconds": round(before + time.monotonic() - started),
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        }

    def model(self, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
        """The untrained model."""
        from transformers import LlamaConfig, LlamaForCausalLM

        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.width,
            intermediate_size=3 * self.width,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        return LlamaForCausalLM(config)

    def optimizers(self, model: LlamaForCausalLM) -> list[tuple[torch.optim.Optimizer, float]]:
        """Muon for the matrices inside the layers, AdamW for the embedding and the norms, each with its full rate."""
        import torch

        matrices = [value for value in model.model.layers.parameters() if value.ndim == 2]
        held = {id(value) for value in matrices}
        others = [value for value in model.parameters() if id(value) not in held]
        return [
            (torch.optim.Muon(matrices, lr=self.matrix_rate, weight_decay=0.0), self.matrix_rate),
            (torch.optim.AdamW(others, lr=self.rate, betas=(0.9, 0.98), weight_decay=0.0), self.rate),
        ]


def _tensors(documents: list[tuple[str, str]], tokenizer: PreTrainedTokenizerFast) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, shape (documents, longest): padding and drawings are labelled -100, which is no target."""
    import torch

    drawings = tokenizer([drawing for drawing, _ in documents])["input_ids"]
    statements = tokenizer([text + tokenizer.eos_token for _, text in documents])["input_ids"]
    longest = max(len(a) + len(b) for a, b in zip(drawings, statements, strict=True))
    ids = torch.full((len(documents), longest), tokenizer.pad_token_id)
    labels = torch.full_like(ids, -100)
    for row, (drawing, text) in enumerate(zip(drawings, statements, strict=True)):
        whole = len(drawing) + len(text)
        ids[row, :whole] = torch.tensor(drawing + text)
        labels[row, len(drawing) : whole] = torch.tensor(text)
    return ids, labels


def _learn(model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor) -> float:
    """Leave the gradient of the mean cross-entropy over the labelled tokens in the model, and return that loss.

    Padding stands behind the text, where no token attends to it. Several processes share the documents, and each is
    left with the gradient of all of them.
    """
    import torch
    from torch.nn.functional import cross_entropy

    total = int((labels[:, 1:] != -100).sum())
    mine = slice(processes.rank(), None, processes.count())
    ids, labels = ids[mine], labels[mine]
    wanted = labels[:, 1:] != -100
    hidden = model.model(ids).last_hidden_state[:, :-1]
    loss = cross_entropy(model.lm_head(hidden[wanted]), labels[:, 1:][wanted], reduction="sum") / total
    loss.backward()
    if processes.count() > 1:
        from accelerate.utils import reduce

        with torch.no_grad():
            loss = reduce(loss)
            for value in model.parameters():
                value.grad = reduce(value.grad)
    return loss.item()


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


def main(folder: Path) -> None:
    """Train the base into a folder, with the record that a shipped checkpoint has."""
    from models import registry

    work = folder / "part"
    work.mkdir(parents=True, exist_ok=True)
    registry.find("base").build({}, folder, work)
    shutil.rmtree(work)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

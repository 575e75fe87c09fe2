"""base: a small Llama, trained from scratch on drawings of mazes and statements that are true of them.

It is trained once, for long, and shipped with the project. To train it again (about 30 minutes on two cores; an
interrupted run goes on where it was):

    python -m models.recipes.pretrain FOLDER

The loss is taken on the statements alone: a drawing is random, and there is nothing to learn from guessing it. To it
comes what the base is taught inside (see `supervision`); no weight is added for it.

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
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.mazes.atomic import replacing
from models import processes

from . import curve, supervision

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from models.load import Weights

    from .supervision import Known, Look
    from .texts import Document

SAVE_EVERY = 200  # steps


def _turns(text: str) -> tuple[tuple[str, int], ...]:
    """Kinds of documents and sizes, written short."""
    kinds = {"l": "letters", "k": "looks", "w": "ways"}
    return tuple((kinds[turn[0]], int(turn[1:])) for turn in text.split())


@dataclass(frozen=True)
class Pretrain:
    """Everything that decides the base."""

    layers: int = 5
    width: int = 128
    heads: int = 4
    named: int = 2  # the layer after which a cell of the drawing knows its name
    lettered: int = 2  # the one after which it knows the letter in it
    sided: int = 3  # the one after which it knows its sides
    celled: int = 2  # the one after which a token of a search knows the cell that it is about
    reached: int = 3  # the one after which a cell that a search has reached knows from which
    ordered: int = 4  # the one after which a neighbour in a group knows what stands after it and its marks
    looking: int = 4  # the layer whose heads are taught where to look in searches
    seeing: int = 5  # the layer whose heads are taught where to look in the drawing
    added: dict[str, int] = field(
        default_factory=lambda: {"ordered": 1_400, "seeing 2": 1_800, "seeing 3": 2_600, "altered": 2_600}
    )
    """From which step on was taught what came to mind while it was trained."""
    steps: int = 3_400
    stages: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = (
        (0, _turns("l5 l8 l4 l12")),
        (150, _turns("k5 l12 k8 l4 k5 l8 k12 l5")),
        (350, _turns("w4 w5 k12 w5 l8 w4 k8 w5 l12")),
        (700, _turns("w5 w8 w4 w5 l12 w8 w5 k8 w5 w8 l5 k12")),
        (1_200, _turns("w8 w5 w4 w8 w5 l12 w8 w12 w5 w8 w5 k12 w8 l5 w5")),
    )
    """From which step on batches of which kind (see `texts`) and size follow each other in turn."""
    generators: tuple[tuple[str, ...], ...] = (
        ("braided", "dfs", "braided", "wilson", "braided", "kruskal"),
        ("braided", "wilson", "braided", "kruskal", "braided", "dfs"),
        ("braided", "kruskal", "braided", "dfs", "braided", "wilson"),
    )
    """What makes the mazes of a batch in turn; from batch to batch the orders follow each other in turn."""
    altered: float = 0.4  # the share of mazes with some walls more and some fewer (`training.alter`)
    altered_walls: float = 0.1  # the share of their inner walls
    cells: dict[str, int] = field(default_factory=lambda: {"letters": 2304, "looks": 1152, "ways": 432})
    """How many cells the mazes of a batch of each kind have together."""
    matrix_rate: float = 0.02  # Muon's learning rate
    rate: float = 2e-3  # AdamW's
    rates: tuple[tuple[int, float], ...] = (
        (0, 0.01),
        (99, 1),
        (1_700, 1),
        (1_800, 18 / 19),
        (2_600, 42 / 95),
        (3_400, 0),
    )
    """The share of both rates at some steps, and between them along straight lines."""
    seed: int = 1

    method = "base"
    parent = None
    judge = None
    answers = True

    def describe(self) -> dict[str, Any]:
        from models import tokenizer

        total = hashlib.sha256()
        for step in (0, 1, self.steps - 1):
            for document in self.documents(step):
                total.update(repr((document.title, document.drawing, document.pieces)).encode())
        return {"method": "pretrain", **asdict(self), "data": total.hexdigest(), "tokenizer": tokenizer.digest()}

    def documents(self, step: int) -> list[Document]:
        """The batch of one step: the same for the same step, whatever came before it."""
        import numpy as np

        from benchmark.mazes import training

        from . import texts

        turns = [turns for first, turns in self.stages if first <= step][-1]
        kind, size = turns[step % len(turns)]
        generators = self.generators[step % len(self.generators)]
        random = np.random.default_rng([self.seed, step])
        mazes = training.stream(f"pretrain-{self.seed}-{step}", size, size, generators)
        documents = []
        for made in islice(mazes, max(1, self.cells[kind] // size**2)):
            maze = made
            if step >= self.added.get("altered", 0) and random.random() < self.altered:
                maze = training.alter(made, self.altered_walls, random)
            documents.append(texts.document(kind, maze, random))
        return documents

    def rate_at(self, step: int) -> float:
        """The learning rates at this step, as a share of their full size."""
        import numpy as np

        return float(np.interp(step, *zip(*self.rates, strict=True)))

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
                loss = _learn(model, _tensors(self, self.documents(step), tokenizer, step))
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
            curve.write(log, target)
        recent = losses[-100:] or [entry["loss"] for entry in log[-5:]]  # none where nothing was left to train
        return {
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "loss": round(sum(recent) / len(recent), 4),
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


class _Batch(NamedTuple):
    """Tensors of one row a document."""

    ids: torch.Tensor  # (documents, longest), padded at the end
    labels: torch.Tensor  # the same shape; what is not to be learned is -100
    taught: list[Known | Look]


def _tensors(recipe: Pretrain, documents: list[Document], tokenizer: PreTrainedTokenizerFast, step: int) -> _Batch:
    """The batch of one step, of documents about mazes of one size."""
    import torch

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
    return _Batch(ids, labels, supervision.taught(recipe, documents, ids, first, tokenizer, step))


def _learn(model: LlamaForCausalLM, batch: _Batch) -> float:
    """Leave the gradient of a batch in the model, and return the mean cross-entropy over the tokens to be learned.

    What is taught inside is added to it, each lesson as a mean too.
    Padding stands behind the text, where no token attends to it. Several processes share the documents, and each is
    left with the gradient of all of them.
    """
    import torch
    from torch.nn.functional import cross_entropy

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

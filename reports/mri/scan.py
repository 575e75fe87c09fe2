"""Scans: one pass of a checkpoint over the probe set, which stores the hidden states of all layers at some places.

The arrays are written to disk batch by batch, so that memory does not grow with the number of texts. A stored scan is
identified by the digests of weights and texts, never by a path. Layer 0 is the embeddings; the last layer is after the
last norm, as in transformers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.mazes.atomic import replacing
from benchmark.mazes.errors import CheckpointError
from models import hardware, store
from models.checkpoints import Checkpoint
from models.weights import Weights, content_digest

from .architecture import batches, body, inputs, last_norm, open_model
from .probe_set import Probe, ProbeSet
from .similarity import varies

VERSION = 1  # of the stored arrays; scans with another version are made again
PLACES = {
    "prompt": "the last token of the question",
    "answer": "the token after which the first move is said",
    "drawing": "the mean over the cells of the drawing",
    "start": "the cell with S",
    "goal": "the cell with G",
}
RANDOM = 0
"""The seed of the model with random weights."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scan:
    """A stored scan. Arrays are read from disk when they are used."""

    name: str
    folder: Path

    def states(self, place: str) -> Floats:
        """Hidden states at one of PLACES, or at `cells` (of all texts, one after the other): (rows, layers, width)."""
        return self._array(f"{place}.states")

    @property
    def candidates(self) -> Floats:
        """What each layer, read through the last norm and the head, gives U, D, L, R: logits (texts, layers, 4)."""
        return self._array("candidates")

    @property
    def ranks(self) -> Floats:
        """The rank of the best right move among all tokens, from 1: (texts, layers)."""
        return self._array("ranks")

    def chances(self, place: str) -> Floats:
        """The log-probabilities of all tokens after `prompt` or `answer`, shape (texts, tokens)."""
        return self._array(f"{place}.chances")

    def _array(self, name: str) -> Floats:
        array: Floats = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return array


def scan(
    checkpoint: Checkpoint, probes: ProbeSet, progress: Callable[[int], object] | None = None, random: bool = False
) -> Scan:
    """Return the scan of a checkpoint, or (`random`) of its architecture with random weights; stored scans are reused.

    `progress` is called with the number of texts of each batch. Raises CheckpointError where the model cannot be
    scanned, and where its states are the same for all texts.
    """
    weights = checkpoint.weights()
    # random weights are determined by the settings alone, so that all checkpoints of a family share one scan
    model_digest = _settings(weights) if random else content_digest(weights)
    key = f"{VERSION} {model_digest} {probes.digest} {random and RANDOM} {hardware.has_cuda()}"
    folder = store.home() / "scans" / hashlib.sha256(key.encode()).hexdigest()[:32]
    stored = Scan("random weights" if random else checkpoint.name, folder)
    if folder.is_dir():
        if progress:
            progress(len(probes))
    else:
        try:
            with replacing(folder) as temporary:
                temporary.mkdir()
                run(open_model(weights, RANDOM if random else None), probes, temporary, progress)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    _check_varies(stored)
    return stored


def _settings(weights: Weights) -> str:
    return hashlib.sha256((weights.whole / "config.json").read_bytes()).hexdigest()


def _check_varies(stored: Scan) -> None:
    """Raise CheckpointError where no state differs between texts: every result would be meaningless."""
    states = [stored.states(place) for place in ("prompt", "answer")]
    if not any(varies(rows[:, layer]) for rows in states for layer in range(rows.shape[1])):
        raise CheckpointError(
            f"{stored.name}: the hidden states are the same for all texts (standard deviation 0 in every layer), so "
            "there is nothing to compare; does the model see the drawing at all?"
        )


def run(model: Any, probes: ProbeSet, folder: Path, progress: Callable[[int], object] | None = None) -> None:
    """Run the model on all texts and write the arrays to `folder`."""
    head, norm = model.get_output_embeddings(), last_norm(model)
    config = model.config.get_text_config(decoder=True)
    depth, width = config.num_hidden_layers + 1, config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {f"{place}.states": (len(probes), depth, width) for place in PLACES}
    shapes["cells.states"] = (len(probes.owner), depth, width)
    shapes["candidates"], shapes["ranks"] = (len(probes), depth, 4), (len(probes), depth)
    shapes |= {f"{place}.chances": (len(probes), head.weight.shape[0]) for place in ("prompt", "answer")}
    with _files(folder, shapes) as write, torch.inference_mode():
        for batch in batches(probes.probes):
            states = body(model)(**inputs(model, batch), output_hidden_states=True, use_cache=False).hidden_states
            for name, values in _look(batch, states, norm, head).items():
                write(name, values)
            if progress:
                progress(len(batch))


def _look(batch: tuple[Probe, ...], states: Any, norm: Any, head: Any) -> dict[str, Any]:
    """The rows of one batch for each file."""
    rows = torch.arange(len(batch), device=states[0].device)
    states_of_all = torch.stack([layer[:, : max(len(probe.ids) for probe in batch)] for layer in states], 2)
    ends = torch.tensor([len(probe.ids) - 1 for probe in batch], device=rows.device)
    prompt_ends = torch.tensor([probe.prompt for probe in batch], device=rows.device)
    cells = [states_of_all[row, list(probe.cells)].float() for row, probe in enumerate(batch)]
    answer, question = states_of_all[rows, ends].float(), states_of_all[rows, prompt_ends].float()
    dtype = states_of_all.dtype
    # the last layer is stored after the norm already
    logits = torch.cat([head(norm(answer[:, :-1].to(dtype))), head(answer[:, -1:].to(dtype))], 1)
    logits = logits.float()
    tokens = torch.tensor([probe.candidates for probe in batch], device=rows.device)
    candidates = logits.gather(2, tokens.clamp(min=0)[:, None].expand(-1, logits.shape[1], -1))
    candidates = candidates.masked_fill((tokens < 0)[:, None], -torch.inf)
    right = torch.tensor([[move in probe.right for move in "UDLR"] for probe in batch], device=rows.device)
    best = candidates.masked_fill(~right[:, None], -torch.inf).amax(2)
    return {
        "answer.states": answer,
        "prompt.states": question,
        "drawing.states": torch.stack([drawn.mean(0) for drawn in cells]),
        "start.states": torch.stack([drawn[_flat(probe, "start")] for drawn, probe in zip(cells, batch, strict=True)]),
        "goal.states": torch.stack([drawn[_flat(probe, "goal")] for drawn, probe in zip(cells, batch, strict=True)]),
        "cells.states": torch.cat(cells),
        "candidates": candidates,
        "ranks": 1 + (logits > best[:, :, None]).sum(2),
        "answer.chances": logits[:, -1].log_softmax(-1),
        "prompt.chances": head(question[:, -1].to(dtype)).float().log_softmax(-1),
    }


def _flat(probe: Probe, end: str) -> int:
    row, col = getattr(probe.maze, end)
    return int(row * probe.maze.cols + col)


@contextmanager
def _files(folder: Path, shapes: dict[str, tuple[int, ...]]) -> Iterator[Callable[[str, torch.Tensor], None]]:
    """One .npy file for each shape, to which rows are added; all of them float32."""
    opened: dict[str, IO[bytes]] = {}
    try:
        for name, shape in shapes.items():
            opened[name] = (folder / f"{name}.npy").open("wb")
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(opened[name], header)

        def write(name: str, values: torch.Tensor) -> None:
            opened[name].write(values.float().cpu().contiguous().numpy().tobytes())

        yield write
    finally:
        for file in opened.values():
            file.close()

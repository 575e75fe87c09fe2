"""One pass of a checkpoint over the probe set: the hidden states of all layers at the places that are looked at.

What is found goes to disk batch by batch, so that memory does not grow with the number of texts, and is found again by
the digests of weights and texts (never by a path). Layer 0 is the embeddings; the last one is after the last norm, as
transformers gives it.
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

VERSION = 1  # of what a scan holds; another one is made anew
PLACES = {
    "prompt": "the last token of the question",
    "answer": "the token after which the first move is said",
    "drawing": "the mean over the cells of the drawing",
    "start": "the cell with S",
    "goal": "the cell with G",
}
RANDOM = 0
"""The seed of the model that nobody trained."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scan:
    """What one pass found. Arrays are read from disk as they are used."""

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
        """The logarithms of the chances of all tokens after `prompt` or `answer`: (texts, tokens)."""
        return self._array(f"{place}.chances")

    def _array(self, name: str) -> Floats:
        found: Floats = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return found


def scan(
    checkpoint: Checkpoint, probes: ProbeSet, progress: Callable[[int], object] | None = None, random: bool = False
) -> Scan:
    """The scan of a checkpoint, or (`random`) of a model like it that nobody trained; from disk if it was made before.

    `progress` is told of texts as they are read. Raises CheckpointError where the model cannot be scanned, and where
    its states are the same for all texts.
    """
    weights = checkpoint.weights()
    # a random model is known by its settings alone, and all of a family have the same
    known = _settings(weights) if random else content_digest(weights)
    whole = f"{VERSION} {known} {probes.digest} {random and RANDOM} {hardware.has_cuda()}"
    folder = store.home() / "scans" / hashlib.sha256(whole.encode()).hexdigest()[:32]
    found = Scan("random weights" if random else checkpoint.name, folder)
    if folder.is_dir():
        if progress:
            progress(len(probes))
    else:
        try:
            with replacing(folder) as beside:
                beside.mkdir()
                run(open_model(weights, RANDOM if random else None), probes, beside, progress)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    _check_varies(found)
    return found


def _settings(weights: Weights) -> str:
    return hashlib.sha256((weights.whole / "config.json").read_bytes()).hexdigest()


def _check_varies(found: Scan) -> None:
    """Raise CheckpointError where no state differs from text to text: whatever was drawn of it would be made up."""
    states = [found.states(place) for place in ("prompt", "answer")]
    if not any(varies(some[:, layer]) for some in states for layer in range(some.shape[1])):
        raise CheckpointError(
            f"{found.name}: the hidden states are the same for all texts (standard deviation 0 in every layer), so "
            "there is nothing to compare; does the model see the drawing at all?"
        )


def run(model: Any, probes: ProbeSet, folder: Path, progress: Callable[[int], object] | None = None) -> None:
    """The pass itself, whose files go to `folder`."""
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
    """What is kept of one batch: for each file the rows that it gets."""
    rows = torch.arange(len(batch), device=states[0].device)
    whole = torch.stack([layer[:, : max(len(probe.ids) for probe in batch)] for layer in states], 2)
    ends = torch.tensor([len(probe.ids) - 1 for probe in batch], device=rows.device)
    asked = torch.tensor([probe.prompt for probe in batch], device=rows.device)
    cells = [whole[row, list(probe.cells)].float() for row, probe in enumerate(batch)]
    of = {"answer": whole[rows, ends].float(), "prompt": whole[rows, asked].float()}
    logits = torch.cat(
        [head(norm(of["answer"][:, :-1].to(whole.dtype))), head(of["answer"][:, -1:].to(whole.dtype))], 1
    )
    logits = logits.float()
    tokens = torch.tensor([probe.candidates for probe in batch], device=rows.device)
    told = logits.gather(2, tokens.clamp(min=0)[:, None].expand(-1, logits.shape[1], -1))
    told = told.masked_fill((tokens < 0)[:, None], -torch.inf)
    right = torch.tensor([[move in probe.right for move in "UDLR"] for probe in batch], device=rows.device)
    best = told.masked_fill(~right[:, None], -torch.inf).amax(2)
    return {
        "answer.states": of["answer"],
        "prompt.states": of["prompt"],
        "drawing.states": torch.stack([one.mean(0) for one in cells]),
        "start.states": torch.stack([one[_flat(probe, "start")] for one, probe in zip(cells, batch, strict=True)]),
        "goal.states": torch.stack([one[_flat(probe, "goal")] for one, probe in zip(cells, batch, strict=True)]),
        "cells.states": torch.cat(cells),
        "candidates": told,
        "ranks": 1 + (logits > best[:, :, None]).sum(2),
        "answer.chances": logits[:, -1].log_softmax(-1),
        "prompt.chances": head(of["prompt"][:, -1].to(whole.dtype)).float().log_softmax(-1),
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

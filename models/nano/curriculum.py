"""The documents that the base reads, step by step."""

from __future__ import annotations

import hashlib
from itertools import islice

import numpy as np

from benchmark.mazes import training

from .documents import Document, build_document
from .settings import PretrainSettings


def documents_at(settings: PretrainSettings, step: int) -> list[Document]:
    """The batch of one step: the same for the same step, whatever came before it."""
    turns = [turns for first, turns in settings.stages if first <= step][-1]
    kind, size = turns[step % len(turns)]
    generators = settings.generators[step % len(settings.generators)]
    random = np.random.default_rng([settings.seed, step])
    mazes = training.stream(f"pretrain-{settings.seed}-{step}", size, size, generators)
    documents: list[Document] = []
    for made in islice(mazes, max(1, settings.cells_per_batch[kind] // size**2)):
        maze = made
        if step >= settings.taught_from_step.get("altered", 0) and random.random() < settings.altered_share:
            maze = training.alter(made, settings.altered_wall_share, random)
        documents.append(build_document(kind, maze, random))
    return documents


def data_digest(settings: PretrainSettings) -> str:
    """The sha256 of the documents of the first two steps and of the last one: enough that a change is seen."""
    total = hashlib.sha256()
    for step in (0, 1, settings.max_steps - 1):
        for document in documents_at(settings, step):
            total.update(repr((document.title, document.drawing, document.pieces)).encode())
    return total.hexdigest()

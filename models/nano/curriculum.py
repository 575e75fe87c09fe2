"""The documents of each step of pretraining."""

from __future__ import annotations

import hashlib
from itertools import islice

import numpy as np

from benchmark.mazes import training

from .documents import Document, build_document
from .settings import PretrainSettings


def documents_at(settings: PretrainSettings, step: int) -> list[Document]:
    """The documents of one step, all of one kind and about mazes of one size.

    They depend on the settings and the step alone, so that a resumed training reads the same documents.
    """
    turns = [turns for first_step, turns in settings.stages if first_step <= step][-1]
    kind, size = turns[step % len(turns)]
    generators = settings.generators[step % len(settings.generators)]
    random = np.random.default_rng([settings.seed, step])
    mazes = training.stream(f"pretrain-{settings.seed}-{step}", size, size, generators)
    documents: list[Document] = []
    for maze in islice(mazes, max(1, settings.cells_per_batch[kind] // size**2)):
        # the random numbers of a maze: whether it is altered, how, then its document; another order, another base
        is_altered = step >= settings.taught_from_step.get("altered", 0) and random.random() < settings.altered_share
        drawn = training.alter(maze, settings.altered_wall_share, random) if is_altered else maze
        documents.append(build_document(kind, drawn, random))
    return documents


def data_digest(settings: PretrainSettings) -> str:
    """The sha256 of the documents of the first two steps and of the last one, which detects most changes."""
    total = hashlib.sha256()
    for step in (0, 1, settings.max_steps - 1):
        for document in documents_at(settings, step):
            total.update(repr((document.title, document.drawing, document.pieces)).encode())
    return total.hexdigest()

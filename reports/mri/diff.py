"""The diff of a base and its fine-tunes: scan all of them, and find out what there is to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Protocol, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.outcomes import SOLVED
from models import load, store
from models.checkpoints import Checkpoint
from models.engines.tokens import positions
from models.nano.taught import sentences, taught_inside
from models.weights import content_digest
from reports.run import Run

from . import causal, layer_effects, lens, llm_mri, probe_set, probes, significance, similarity, weights
from .architecture import open_model
from .probe_set import ProbeSet
from .result import CHANGES, Diff, Group, Layer, Own, Tuned
from .scan import PLACES, Scan, scan

COMPARED = ("prompt", "answer", "drawing")
"""The places whose states are compared."""
PERMUTATIONS = 200
FEWEST = 16
"""Texts below which intervals and probes say nothing."""


@dataclass(frozen=True)
class Options:
    """What a diff looks at."""

    n: int = 256
    """Texts."""
    tiers: Sequence[str] = probe_set.TIERS
    reducers: Sequence[str] = ("SVD",)
    """Those of LLM-MRI: SVD, PCA, UMAP."""


class Progress(Protocol):
    """What is told how far a diff is, in texts; a bar of tqdm is one."""

    def update(self, n: float) -> object: ...
    def set_postfix_str(self, s: str) -> object: ...


class _Silent:
    def update(self, n: float) -> None:
        """Nothing is shown."""

    def set_postfix_str(self, s: str) -> None:
        """Nothing is shown."""


def no_progress(_: int) -> AbstractContextManager[Progress]:
    """In place of a bar of so many texts."""
    return nullcontext(_Silent())


@dataclass(frozen=True)
class _Subject:
    """A checkpoint that is compared, and what its scan found."""

    checkpoint: Checkpoint
    scan: Scan
    run: Run | None
    """Its saved replies."""

    @property
    def last_states(self) -> NDArray[np.float32]:
        """Those of the last token, shape (layers, texts, width)."""
        return np.asarray(self.scan.states("answer")).swapaxes(0, 1)


class Measured(TypedDict):
    """What was measured of a fine-tune while both models were open: fields of `Tuned`."""

    own: list[Own]
    effects: list[causal.Effect]
    moved: list[weights.Moved]
    graphs: list[llm_mri.Graphs]


def diff(
    base: Checkpoint,
    tuned: Sequence[Checkpoint],
    options: Options | None = None,
    runs: Mapping[str, Run] | None = None,
    progress: Callable[[int], AbstractContextManager[Progress]] = no_progress,
) -> Diff:
    """Scan all checkpoints and compare each of `tuned` with `base`.

    `runs` are saved replies by checkpoint, for what became of the mazes. `progress` is given the number of texts that
    are read, each as often as it is. Raises CheckpointError where a checkpoint cannot be scanned, its states do not
    vary, or its tokenizer is not the base's.
    """
    options, runs = options or Options(), runs or {}
    texts = _texts(base, tuned, options)
    notes: list[str] = []
    passes = len(tuned) * 3 + 3  # scans; of each fine-tune what its layers do, and what steering does; probes
    with progress(passes * len(texts)) as bar:
        before = _Subject(base, scan(base, texts, bar.update), runs.get(base.name))
        untrained = scan(base.base_model(), texts, bar.update, random=True)
        after = [_Subject(one, scan(one, texts, bar.update), runs.get(one.name)) for one in tuned]
        model, base_weights = open_model(base.weights()), weights.matrices(base.weights())
        compared = []
        for subject in after:
            bar.set_postfix_str(subject.checkpoint.name)
            other = open_model(subject.checkpoint.weights())
            alone = _layers_alone(*layer_effects.own_changes(model, other, texts, bar.update))
            graphs, missing = _graphs(before, subject, options.reducers)
            notes += missing
            compared.append(
                _tuned(
                    before,
                    subject,
                    texts,
                    own=alone,
                    effects=_steer(model, other, before.scan, subject.scan, texts, bar.update),
                    moved=weights.moved(base_weights, weights.matrices(subject.checkpoint.weights())),
                    graphs=graphs,
                )
            )
        bar.set_postfix_str("probes")
        targets = probes.targets(texts)
        scans = [before.scan, *(subject.scan for subject in after)]
        readings: dict[str, list[probes.Reading]] = {}
        for one in (*scans, untrained):
            exchanges = 0 if one is untrained else probes.EXCHANGES  # it is a baseline itself
            readings[one.name] = [reading for target in targets for reading in _read(one, target, texts, exchanges)]
            bar.update(len(texts) / (len(scans) + 1))
    taught = _taught(base, targets)
    if taught:
        notes.append(
            f"{', '.join(taught)}: what these probes read was taught to {base.name} inside while it was pretrained, so "
            "that it is no finding that it can be read"
        )
    return Diff(
        base=base.name,
        about=_describe(base, tuned, texts),
        tuned=compared,
        lenses={one.name: lens.lens(one, texts) for one in scans},
        chance=lens.chance(texts),
        readings=readings,
        targets={target.name: target.what for target in targets},
        notes=notes,
        taught=taught,
    )


def _taught(base: Checkpoint, targets: Sequence[probes.Target]) -> dict[str, list[str]]:
    """What of each target the base, or what it was built from, was taught inside; of no target, if it was not."""
    records = (store.read_record(checkpoint.weights().folder) for checkpoint in (base, *base.ancestors()))
    taught = taught_inside(records)
    known = {target.name: sentences(taught, target.taught) for target in targets}
    return {name: words for name, words in known.items() if words}


def _texts(base: Checkpoint, tuned: Sequence[Checkpoint], options: Options) -> ProbeSet:
    """The texts that all of them read, which have to be the same tokens to all."""
    n = options.n
    if not tuned:
        raise CheckpointError("a diff takes a base and at least one fine-tune")
    if n < FEWEST:
        raise CheckpointError(f"{n} texts say nothing of a model: give at least {FEWEST}")
    names = [one.name for one in (base, *tuned)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CheckpointError(f"more than one is called {', '.join(twice)}: give one of them a name of its own")
    forms = {probe_set.form(one) for one in tuned}
    if len(forms) > 1:
        raise CheckpointError(
            f"{', '.join(one.name for one in tuned)} were taught to answer in different ways ({', '.join(forms)}), so "
            "they have no text in common: make a diff of each way"
        )
    (form,) = forms
    made = []
    for one in (base, *tuned):
        longest = positions(load.settings(one.weights()))
        made.append(probe_set.make(load.tokenizer(one.weights()), form, n, options.tiers, longest))
        if made[-1].digest != made[0].digest:
            raise CheckpointError(
                f"{base.name} and {one.name} do not read the same tokens (another tokenizer, or chat template): their "
                "states belong to different texts"
            )
    return made[0]


def _graphs(before: _Subject, after: _Subject, reducers: Sequence[str]) -> tuple[list[llm_mri.Graphs], list[str]]:
    """LLM-MRI's graphs by each reducer, raw and centred; without the package none, and a sentence that says why."""
    one, other = list(before.last_states), list(after.last_states)
    try:
        return [llm_mri.graphs(one, other, reducer, centre) for reducer in reducers for centre in (False, True)], []
    except llm_mri.MissingError as error:
        return [], [str(error)]


def _tuned(
    before: _Subject,
    after: _Subject,
    texts: ProbeSet,
    **measured: Unpack[Measured],
) -> Tuned:
    layers, grams = [], {}
    for place in COMPARED:
        at_place, grams[place] = _compared(place, before.scan, after.scan)
        layers += at_place
    divergences = {
        place: _divergence(before.scan.chances(place), after.scan.chances(place)) for place in ("prompt", "answer")
    }
    order = np.argsort(-divergences["answer"])[:10]
    between = similarity.cka(*grams["answer"])
    return Tuned(
        name=after.checkpoint.name,
        layers=layers,
        between=[[None if np.isnan(value) else float(value) for value in row] for row in between],
        divergence={place: significance.mean_interval(values) for place, values in divergences.items()},
        furthest=[(texts.probes[at].group, texts.probes[at].case, float(divergences["answer"][at])) for at in order],
        groups=_fates(before, after, texts),
        **measured,
    )


def _compared(place: str, base: Scan, tuned: Scan) -> tuple[list[Layer], tuple[list[Any], list[Any]]]:
    """All layers at one place, and the Gram matrices that their CKA is made of."""
    before, after = base.states(place), tuned.states(place)
    n, depth = before.shape[:2]
    found, chances = [], []
    grams: tuple[list[Any], list[Any]] = ([], [])
    draws = significance.draws(n)
    for layer in range(depth):
        one, other = (np.asarray(states[:, layer], float) for states in (before, after))
        pair = [rows - rows.mean(0) for rows in (one, other)]
        raw = [rows @ rows.T for rows in pair]
        for kept, gram in zip(grams, raw, strict=True):
            kept.append(similarity.centred(gram))

        def cka(chosen: NDArray[np.int64], raw: Any = raw) -> float:
            some = [similarity.centred(gram[np.ix_(chosen, chosen)]) for gram in raw]
            return float(similarity.cka(some[:1], some[1:])[0, 0])

        constant = not (similarity.varies(one) and similarity.varies(other))
        change = other - one
        chances.append(significance.sign_flip(change))
        common = similarity.common_share(change, np.vstack([np.ones((1, n)), draws]))
        found.append(
            Layer(
                place,
                layer,
                _NAN3 if constant else significance.jackknife(cka, n),
                float("nan") if constant else _shuffled(grams[0][-1], grams[1][-1]),
                significance.mean_interval(similarity.cosine(one, other)),
                significance.mean_interval(similarity.relative_change(one, other)),
                significance.mean_interval(similarity.norm_ratio(one, other)),
                (float(common[0]), *significance.interval(common[1:])),
                1.0,
            )
        )
    adjusted = significance.discoveries(chances)
    return [replace(one, p=p) for one, p in zip(found, adjusted, strict=True)], grams


def _shuffled(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The 97.5 % quantile of CKA with the texts of one of them shuffled."""
    random = np.random.default_rng(0)
    orders = (random.permutation(len(one)) for _ in range(PERMUTATIONS))
    norm = np.sqrt((one * one).sum() * (other * other).sum())
    return float(np.quantile([(one * other[np.ix_(order, order)]).sum() / norm for order in orders], 0.975))


def _layers_alone(changed: NDArray[np.float32], added: NDArray[np.float32]) -> list[Own]:
    chances = [significance.sign_flip(changed[:, layer]) for layer in range(changed.shape[1])]
    adjusted = significance.discoveries(chances)
    found = []
    for layer, p in enumerate(adjusted):
        change, was = (np.linalg.norm(part[:, layer].astype(float), axis=1) for part in (changed, added))
        found.append(Own(layer, significance.mean_interval(change / np.maximum(was, 1e-30)), p))
    return found


def _steer(base: Any, tuned: Any, at_base: Scan, its: Scan, texts: ProbeSet, progress: Any) -> list[causal.Effect]:
    """Each layer's mean difference, but the last one's, which is known after the norm alone."""
    differences = np.asarray(its.states("answer"), float).mean(0) - np.asarray(at_base.states("answer"), float).mean(0)
    inner = differences[1:-1].astype(np.float32)
    if not len(inner):
        return []
    return [
        *causal.effects(base, "base", inner, texts, lambda n: progress(n / 2)),
        *causal.effects(tuned, "tuned", -inner, texts, lambda n: progress(n / 2)),
    ]


def _divergence(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> NDArray[np.float64]:
    """KL(base || tuned) of each text, of logarithms of chances (texts, tokens)."""
    nats = [max(0.0, float((np.exp(one) * (one - other)).sum())) for one, other in zip(base, tuned, strict=True)]
    return np.array(nats)


def _fates(before: _Subject, after: _Subject, texts: ProbeSet) -> list[Group]:
    """What became of the mazes, as far as both checkpoints were asked them, and how much their states changed."""
    if before.run is None or after.run is None:
        return []
    solved = [
        {(record.group, record.case): record.outcome in SOLVED for record in run.records if record.outcome != "error"}
        for run in (before.run, after.run)
    ]
    fates: dict[str, list[int]] = {change: [] for change in CHANGES}
    for at, probe in enumerate(texts.probes):
        was, now = (known.get((probe.group, probe.case)) for known in solved)
        if was is not None and now is not None:
            fates[_FATE[was, now]].append(at)
    pairs = zip(before.last_states, after.last_states, strict=True)
    changes = [similarity.relative_change(one, other) for one, other in pairs]
    return [
        Group(
            name,
            len(chosen),
            [significance.mean_interval(change[chosen]) for change in changes] if len(chosen) >= 4 else [],
        )
        for name, chosen in fates.items()
    ]


_NAN = float("nan")
_NAN3 = (_NAN, _NAN, _NAN)
_FATE = dict(zip([(False, True), (True, False), (True, True), (False, False)], CHANGES, strict=True))


def _read(its: Scan, target: probes.Target, texts: ProbeSet, exchanges: int) -> list[probes.Reading]:
    states = its.states(target.place)
    owner = texts.owner if target.place == "cells" else np.arange(len(texts))
    return probes.read_layers([states[:, layer] for layer in range(states.shape[1])], target, owner, exchanges)


def _describe(base: Checkpoint, tuned: Sequence[Checkpoint], texts: ProbeSet) -> dict[str, Any]:
    return {
        "texts": len(texts),
        "tokens": sum(len(probe.ids) for probe in texts.probes),
        "tiers": sorted({probe.group for probe in texts.probes}),
        "form": texts.form,
        "digest": texts.digest,
        "weights": {one.name: content_digest(one.weights()) for one in (base, *tuned)},
        "places": {place: PLACES[place] for place in COMPARED},
        "versions": {name: version(name) for name in ("torch", "transformers", "llm-mri")},
    }

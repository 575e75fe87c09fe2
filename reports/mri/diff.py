"""The diff of a base and its fine-tunes: scan all of them, and find out what there is to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

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

from . import causal, crossed, lens, nrag, probe_set, probes, significance, similarity, weights
from .anatomy import open_model
from .probe_set import ProbeSet
from .result import CHANGES, Diff, Group, Layer, Own, Tuned
from .scan import PLACES, Scan, scan

COMPARED = ("prompt", "answer", "drawing")
"""The places whose states are compared."""
PERMUTATIONS = 200
FEWEST = 16
"""Texts below which intervals and probes say nothing."""


def diff(
    base: Checkpoint,
    tuned: Sequence[Checkpoint],
    n: int = 256,
    tiers: Sequence[str] = probe_set.TIERS,
    reducers: Sequence[str] = ("SVD",),
    runs: Mapping[str, Run] | None = None,
    show: bool = True,
) -> Diff:
    """Scan all checkpoints and compare each of `tuned` with `base`; a bar is shown meanwhile.

    `runs` are saved replies by checkpoint, for what became of the mazes. Raises CheckpointError where one cannot be
    scanned, its states do not vary, or its tokenizer is not the base's.
    """
    import sys

    from tqdm import tqdm

    texts = _texts(base, tuned, n, tiers)
    notes = []
    passes = len(tuned) * 3 + 3  # scans; of each fine-tune what its layers do, and what steering does; probes
    with tqdm(total=passes * len(texts), desc="activations", unit="text", file=sys.stderr, disable=not show) as bar:
        at_base = scan(base, texts, bar.update)
        untrained = scan(base.base_model(), texts, bar.update, random=True)
        scans = [scan(one, texts, bar.update) for one in tuned]
        model, before = open_model(base.weights()), weights.matrices(base.weights())
        found = []
        for one, its in zip(tuned, scans, strict=True):
            bar.set_postfix_str(one.name)
            other = open_model(one.weights())
            own = _own(*crossed.own_changes(model, other, texts, bar.update))
            steered = _steer(model, other, at_base, its, texts, bar.update)
            moved = weights.moved(before, weights.matrices(one.weights()))
            found.append(_tuned(one, base, at_base, its, own, steered, moved, texts, reducers, runs or {}, notes))
        bar.set_postfix_str("probes")
        asked = probes.targets(texts)
        readings: dict[str, list[probes.Reading]] = {}
        for its in (at_base, *scans, untrained):
            exchanges = 0 if its is untrained else probes.EXCHANGES  # it is a floor itself
            readings[its.name] = [one for target in asked for one in _read(its, target, texts, exchanges)]
            bar.update(len(texts) / (len(scans) + 2))
    lenses = {its.name: lens.lens(its, texts) for its in (at_base, *scans)}
    what = {target.name: target.what for target in asked}
    taught = _taught(base, asked)
    if taught:
        notes.append(
            f"{', '.join(taught)}: what these probes read was taught to {base.name} inside while it was pretrained, so "
            "that it is no finding that it can be read"
        )
    return Diff(base.name, _about(base, tuned, texts), found, lenses, lens.chance(texts), readings, what, notes, taught)


def _taught(base: Checkpoint, targets: Sequence[probes.Target]) -> dict[str, list[str]]:
    """What of each target the base, or what it was built from, was taught inside; of no target, if it was not."""
    records = (store.read_record(checkpoint.weights().folder) for checkpoint in (base, *base.ancestors()))
    taught = taught_inside(records)
    known = {target.name: sentences(taught, target.taught) for target in targets}
    return {name: words for name, words in known.items() if words}


def _texts(base: Checkpoint, tuned: Sequence[Checkpoint], n: int, tiers: Sequence[str]) -> ProbeSet:
    """The texts that all of them read, which have to be the same tokens to all."""
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
        made.append(probe_set.make(load.tokenizer(one.weights()), form, n, tiers, longest))
        if made[-1].digest != made[0].digest:
            raise CheckpointError(
                f"{base.name} and {one.name} do not read the same tokens (another tokenizer, or chat template): their "
                "states belong to different texts"
            )
    return made[0]


def _tuned(
    one: Checkpoint,
    base: Checkpoint,
    at_base: Scan,
    its: Scan,
    own: list[Own],
    steered: list[causal.Effect],
    moved: list[weights.Moved],
    texts: ProbeSet,
    reducers: Sequence[str],
    runs: Mapping[str, Run],
    notes: list[str],
) -> Tuned:
    layers, grams = [], {}
    for place in COMPARED:
        here, grams[place] = _compared(place, at_base, its)
        layers += here
    divergences = {place: _divergence(at_base.chances(place), its.chances(place)) for place in ("prompt", "answer")}
    order = np.argsort(-divergences["answer"])[:10]
    between = similarity.cka(*grams["answer"])
    states = [np.asarray(one.states("answer")).swapaxes(0, 1) for one in (at_base, its)]
    graphs = []
    try:
        graphs = [
            nrag.graphs(*states, reducer, centre, draw=centre) for reducer in reducers for centre in (False, True)
        ]
    except nrag.MissingError as error:
        notes.append(str(error))
    return Tuned(
        one.name,
        layers,
        [[None if np.isnan(value) else float(value) for value in row] for row in between],
        own,
        {place: significance.mean_interval(values) for place, values in divergences.items()},
        [(texts.probes[at].group, texts.probes[at].case, float(divergences["answer"][at])) for at in order],
        steered,
        moved,
        _fates(runs.get(base.name), runs.get(one.name), states, texts),
        graphs,
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
                (float("nan"),) * 3 if constant else significance.jackknife(cka, n),
                float("nan") if constant else _shuffled(grams[0][-1], grams[1][-1]),
                significance.mean_interval(similarity.cosine(one, other)),
                significance.mean_interval(similarity.relative_change(one, other)),
                significance.mean_interval(similarity.norm_ratio(one, other)),
                (float(common[0]), *significance.interval(common[1:])),
                1.0,
            )
        )
    adjusted = significance.discoveries(chances)
    return [Layer(**{**vars(one), "p": p}) for one, p in zip(found, adjusted, strict=True)], grams


def _shuffled(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The 97.5 % quantile of CKA with the texts of one of them shuffled."""
    random = np.random.default_rng(0)
    orders = (random.permutation(len(one)) for _ in range(PERMUTATIONS))
    norm = np.sqrt((one * one).sum() * (other * other).sum())
    return float(np.quantile([(one * other[np.ix_(order, order)]).sum() / norm for order in orders], 0.975))


def _own(changed: NDArray[np.float32], added: NDArray[np.float32]) -> list[Own]:
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
    found = [float((np.exp(one) * (one - other)).sum()) for one, other in zip(base, tuned, strict=True)]
    return np.maximum(np.array(found), 0)


def _fates(
    before: Run | None, after: Run | None, states: Sequence[NDArray[np.float32]], texts: ProbeSet
) -> list[Group]:
    """What became of the mazes, as far as both checkpoints were asked them, and how much their states changed."""
    if before is None or after is None:
        return []
    solved = [
        {(line.group, line.case): line.outcome in SOLVED for line in run.lines if line.outcome != "error"}
        for run in (before, after)
    ]
    fates: dict[str, list[int]] = {change: [] for change in CHANGES}
    for at, probe in enumerate(texts.probes):
        was, now = (known.get((probe.group, probe.case)) for known in solved)
        if was is not None and now is not None:
            fates[_FATE[was, now]].append(at)
    changes = [similarity.relative_change(one, other) for one, other in zip(*states, strict=True)]
    return [
        Group(
            name,
            len(chosen),
            [significance.mean_interval(change[chosen]) for change in changes] if len(chosen) >= 4 else [],
        )
        for name, chosen in fates.items()
    ]


_FATE = dict(zip([(False, True), (True, False), (True, True), (False, False)], CHANGES, strict=True))


def _read(its: Scan, target: probes.Target, texts: ProbeSet, exchanges: int) -> list[probes.Reading]:
    states = its.states(target.place)
    owner = texts.owner if target.place == "cells" else np.arange(len(texts))
    return probes.read_layers([states[:, layer] for layer in range(states.shape[1])], target, owner, exchanges)


def _about(base: Checkpoint, tuned: Sequence[Checkpoint], texts: ProbeSet) -> dict[str, Any]:
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


def runs_of(runs: Mapping[str, Run], checkpoints: Sequence[Checkpoint]) -> dict[str, Run]:
    """Of these runs the longest that each checkpoint gave with the very weights that it has now, by its name."""
    found = {}
    for one in checkpoints:
        content = content_digest(one.weights())
        for run in runs.values():
            said = run.provenance.get("checkpoint", {})
            is_its = said.get("name") == one.name and said.get("content") == content
            if is_its and (one.name not in found or len(run.lines) > len(found[one.name].lines)):
                found[one.name] = run
    return found


def pairs(checkpoints: Sequence[Checkpoint]) -> dict[str, tuple[Checkpoint, list[Checkpoint]]]:
    """The fine-tunes among these checkpoints with what each chain began from, by its name."""
    found: dict[str, tuple[Checkpoint, list[Checkpoint]]] = {}
    for one in checkpoints:
        chain = list(one.ancestors())
        root = chain[-1] if chain else one.base_model()
        if not one.is_agent and root != one:
            found.setdefault(root.name, (root, []))[1].append(one)
    return found

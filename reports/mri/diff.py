"""Compares the activations of a base and its fine-tunes: scans all of them and computes the measures of `Diff`."""

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
"""The places at which states are compared (see `scan.PLACES`)."""
PERMUTATIONS = 200
FEWEST = 16
"""The smallest number of texts: with fewer, intervals and probes are meaningless."""


@dataclass(frozen=True)
class Options:
    """The options of a diff."""

    n: int = 256
    """The number of texts."""
    tiers: Sequence[str] = probe_set.TIERS
    reducers: Sequence[str] = ("SVD",)
    """The reducers of LLM-MRI: SVD, PCA, UMAP."""


class Progress(Protocol):
    """Shows the progress of a diff, in texts; a tqdm bar has these methods."""

    def update(self, n: float) -> object: ...
    def set_postfix_str(self, s: str) -> object: ...


class _Silent:
    def update(self, n: float) -> None:
        """Nothing is shown."""

    def set_postfix_str(self, s: str) -> None:
        """Nothing is shown."""


def no_progress(_: int) -> AbstractContextManager[Progress]:
    """A progress that shows nothing."""
    return nullcontext(_Silent())


@dataclass(frozen=True)
class _Subject:
    """A checkpoint with its scan."""

    checkpoint: Checkpoint
    scan: Scan
    run: Run | None
    """Its saved replies, if there are any."""

    @property
    def last_states(self) -> NDArray[np.float32]:
        """The states at the last token, shape (layers, texts, width)."""
        return np.asarray(self.scan.states("answer")).swapaxes(0, 1)


class Measured(TypedDict):
    """The fields of `Tuned` that are measured while both models are loaded."""

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

    `runs` are saved replies by checkpoint name, from which the mazes are grouped into fixed, broken and unchanged.
    `progress` makes a progress bar for a number of texts. Raises CheckpointError where a checkpoint cannot be scanned,
    its states do not vary, or its tokenizer differs from that of the base.
    """
    options, runs = options or Options(), runs or {}
    texts = _texts(base, tuned, options)
    notes: list[str] = []
    passes = len(tuned) * 3 + 3  # scan, layer effects and steering of each fine-tune; scan of the base, random, probes
    with progress(passes * len(texts)) as bar:
        before = _Subject(base, scan(base, texts, bar.update), runs.get(base.name))
        untrained = scan(base.base_model(), texts, bar.update, random=True)
        after = [
            _Subject(checkpoint, scan(checkpoint, texts, bar.update), runs.get(checkpoint.name)) for checkpoint in tuned
        ]
        model, base_weights = open_model(base.weights()), weights.matrices(base.weights())
        compared = []
        for subject in after:
            bar.set_postfix_str(subject.checkpoint.name)
            tuned_model = open_model(subject.checkpoint.weights())
            alone = _layers_alone(*layer_effects.own_changes(model, tuned_model, texts, bar.update))
            graphs, missing = _graphs(before, subject, options.reducers)
            notes += missing
            compared.append(
                _tuned(
                    before,
                    subject,
                    texts,
                    own=alone,
                    effects=_steer((model, tuned_model), (before.scan, subject.scan), texts, bar.update),
                    moved=weights.moved(base_weights, weights.matrices(subject.checkpoint.weights())),
                    graphs=graphs,
                )
            )
        bar.set_postfix_str("probes")
        targets = probes.targets(texts)
        scans = [before.scan, *(subject.scan for subject in after)]
        readings: dict[str, list[probes.Reading]] = {}
        for subject_scan in (*scans, untrained):
            # random weights are a baseline themselves, so that they need no p-values
            exchanges = 0 if subject_scan is untrained else probes.EXCHANGES
            readings[subject_scan.name] = [
                reading for target in targets for reading in _read(subject_scan, target, texts, exchanges)
            ]
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
        lenses={subject_scan.name: lens.lens(subject_scan, texts) for subject_scan in scans},
        chance=lens.chance(texts),
        readings=readings,
        targets={target.name: target.summary for target in targets},
        notes=notes,
        taught=taught,
    )


def _taught(base: Checkpoint, targets: Sequence[probes.Target]) -> dict[str, list[str]]:
    """By target, what the base or its ancestors were taught about it in hidden states; other targets are absent."""
    records = (store.read_record(checkpoint.weights().folder) for checkpoint in (base, *base.ancestors()))
    taught = taught_inside(records)
    texts = {target.name: sentences(taught, target.taught) for target in targets}
    return {name: words for name, words in texts.items() if words}


def _texts(base: Checkpoint, tuned: Sequence[Checkpoint], options: Options) -> ProbeSet:
    """The texts for all checkpoints. Raises CheckpointError where they do not have the same tokens for all."""
    n = options.n
    if not tuned:
        raise CheckpointError("a diff takes a base and at least one fine-tune")
    if n < FEWEST:
        raise CheckpointError(f"{n} texts are too few for a diff: use at least {FEWEST}")
    names = [checkpoint.name for checkpoint in (base, *tuned)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CheckpointError(f"several checkpoints have the name {', '.join(twice)}: give them different names")
    forms = {checkpoint.answer_format for checkpoint in tuned}
    if len(forms) > 1:
        raise CheckpointError(
            f"{', '.join(names[1:])} were trained for different answer formats ({', '.join(forms)}), so they have no "
            "text in common: make a diff for each format"
        )
    (form,) = forms
    probe_sets = []
    for checkpoint in (base, *tuned):
        longest = positions(load.settings(checkpoint.weights()))
        probe_sets.append(probe_set.make(load.tokenizer(checkpoint.weights()), form, n, options.tiers, longest))
        if probe_sets[-1].digest != probe_sets[0].digest:
            raise CheckpointError(
                f"{base.name} and {checkpoint.name} do not read the same tokens (another tokenizer, or chat template): "
                "their states belong to different texts"
            )
    return probe_sets[0]


def _graphs(before: _Subject, after: _Subject, reducers: Sequence[str]) -> tuple[list[llm_mri.Graphs], list[str]]:
    """The graphs of LLM-MRI for each reducer, raw and centred; without the package none, and a note that says why."""
    base, tuned = list(before.last_states), list(after.last_states)
    try:
        return [llm_mri.graphs(base, tuned, reducer, centre) for reducer in reducers for centre in (False, True)], []
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
    """Compare all layers at one place; also return the centred Gram matrices of both, from which CKA is computed."""
    before, after = base.states(place), tuned.states(place)
    n, depth = before.shape[:2]
    layers, p_values = [], []
    grams: tuple[list[Any], list[Any]] = ([], [])
    draws = significance.draws(n)
    for layer in range(depth):
        old, new = (np.asarray(states[:, layer], float) for states in (before, after))
        pair = [rows - rows.mean(0) for rows in (old, new)]
        raw = [rows @ rows.T for rows in pair]
        for centred, gram in zip(grams, raw, strict=True):
            centred.append(similarity.centred(gram))

        def cka(chosen: NDArray[np.int64], raw: Any = raw) -> float:
            parts = [similarity.centred(gram[np.ix_(chosen, chosen)]) for gram in raw]
            return float(similarity.cka(parts[:1], parts[1:])[0, 0])

        constant = not (similarity.varies(old) and similarity.varies(new))
        change = new - old
        p_values.append(significance.sign_flip(change))
        # the first row of weights is the estimate itself, the others are the bootstrap
        common = similarity.common_share(change, np.vstack([np.ones((1, n)), draws]))
        layers.append(
            Layer(
                place,
                layer,
                _NAN3 if constant else significance.jackknife(cka, n),
                float("nan") if constant else _shuffled(grams[0][-1], grams[1][-1]),
                significance.mean_interval(similarity.cosine(old, new)),
                significance.mean_interval(similarity.relative_change(old, new)),
                significance.mean_interval(similarity.norm_ratio(old, new)),
                (float(common[0]), *significance.interval(common[1:])),
                1.0,
            )
        )
    adjusted = significance.discoveries(p_values)
    return [replace(layer, p=p) for layer, p in zip(layers, adjusted, strict=True)], grams


def _shuffled(base: NDArray[np.float64], tuned: NDArray[np.float64]) -> float:
    """The 97.5 % quantile of CKA when the texts of one model are shuffled; both are centred Gram matrices."""
    random = np.random.default_rng(0)
    orders = (random.permutation(len(base)) for _ in range(PERMUTATIONS))
    norm = np.sqrt((base * base).sum() * (tuned * tuned).sum())
    return float(np.quantile([(base * tuned[np.ix_(order, order)]).sum() / norm for order in orders], 0.975))


def _layers_alone(changed: NDArray[np.float32], added: NDArray[np.float32]) -> list[Own]:
    p_values = [significance.sign_flip(changed[:, layer]) for layer in range(changed.shape[1])]
    adjusted = significance.discoveries(p_values)
    effects = []
    for layer, p in enumerate(adjusted):
        change, before = (np.linalg.norm(part[:, layer].astype(float), axis=1) for part in (changed, added))
        effects.append(Own(layer, significance.mean_interval(change / np.maximum(before, 1e-30)), p))
    return effects


def _steer(models: tuple[Any, Any], scans: tuple[Scan, Scan], texts: ProbeSet, progress: Any) -> list[causal.Effect]:
    """The effects of the mean difference of each layer; `models` and `scans` are those of base and tuned.

    The last layer is left out, because its states are stored after the norm only.
    """
    base, tuned = models
    before, after = (np.asarray(scan.states("answer"), float).mean(0) for scan in scans)
    differences = after - before
    inner = differences[1:-1].astype(np.float32)
    if not len(inner):
        return []
    return [
        *causal.effects(base, "base", inner, texts, lambda n: progress(n / 2)),
        *causal.effects(tuned, "tuned", -inner, texts, lambda n: progress(n / 2)),
    ]


def _divergence(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> NDArray[np.float64]:
    """KL(base || tuned) of each text in nats, shape (texts,), from log-probabilities of shape (texts, tokens)."""
    nats = [max(0.0, float((np.exp(old) * (old - new)).sum())) for old, new in zip(base, tuned, strict=True)]
    return np.array(nats)


def _fates(before: _Subject, after: _Subject, texts: ProbeSet) -> list[Group]:
    """Group the mazes that both checkpoints have answered by `CHANGES`, with the change of their states."""
    if before.run is None or after.run is None:
        return []
    solved = [
        {(record.group, record.case): record.outcome in SOLVED for record in run.records if record.outcome != "error"}
        for run in (before.run, after.run)
    ]
    fates: dict[str, list[int]] = {change: [] for change in CHANGES}
    for at, probe in enumerate(texts.probes):
        was, now = (outcomes.get((probe.group, probe.case)) for outcomes in solved)
        if was is not None and now is not None:
            fates[_FATE[was, now]].append(at)
    pairs = zip(before.last_states, after.last_states, strict=True)
    changes = [similarity.relative_change(old, new) for old, new in pairs]
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


def _read(scan: Scan, target: probes.Target, texts: ProbeSet, exchanges: int) -> list[probes.Reading]:
    states = scan.states(target.place)
    owner = texts.owner if target.place == "cells" else np.arange(len(texts))
    return probes.read_layers([states[:, layer] for layer in range(states.shape[1])], target, owner, exchanges)


def _describe(base: Checkpoint, tuned: Sequence[Checkpoint], texts: ProbeSet) -> dict[str, Any]:
    return {
        "texts": len(texts),
        "tokens": sum(len(probe.ids) for probe in texts.probes),
        "tiers": sorted({probe.group for probe in texts.probes}),
        "form": texts.form,
        "digest": texts.digest,
        "weights": {checkpoint.name: content_digest(checkpoint.weights()) for checkpoint in (base, *tuned)},
        "places": {place: PLACES[place] for place in COMPARED},
        "versions": {name: version(name) for name in ("torch", "transformers", "llm-mri")},
    }

"""The pictures of a diff, as SVG; each caption says what is shown and what would be expected by chance."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from reports.mri.result import Diff, Tuned

from .charts import Picture, colour, extra, figure, finish, label

GREY = "#888888"
MARKERS = "osD^vP*X"  # lines that lie on each other are told apart by these


def draw_overview(diff: Diff) -> list[Picture]:
    """The pictures that show all checkpoints."""
    return [_lenses(diff), _changes(diff), _probes(diff)]


def draw_tuned(diff: Diff, tuned: Tuned) -> list[Picture]:
    """The pictures of one fine-tune."""
    drawn = [
        _between(diff, tuned),
        _effects(tuned),
        _moved(tuned),
        _groups(tuned),
        _overlaps(tuned),
        *_llm_mri(diff, tuned),
    ]
    return [picture for picture in drawn if picture]


def _band(axes: Any, layers: Sequence[int], figures: Sequence[Sequence[float]], at: int, name: str) -> None:
    """A line of values with the band of their intervals."""
    values, lows, highs = zip(*figures, strict=True)
    marker = MARKERS[at % len(MARKERS)]
    axes.plot(layers, values, color=colour(at), marker=marker, markersize=4, fillstyle="none", label=label(name))
    axes.fill_between(layers, lows, highs, color=colour(at), alpha=0.2, linewidth=0)


def _lenses(diff: Diff) -> Picture:
    drawn, axes = figure(5.2, 3.2)
    for at, (name, seen) in enumerate(diff.lenses.items()):
        figures = [[100 * value for value in (layer.share, layer.low, layer.high)] for layer in seen]
        _band(axes, [layer.layer for layer in seen], figures, at, name)
    axes.axhline(100 * diff.chance, color=GREY, linestyle="--", label="chance")
    axes.set(xlabel="layer (0: embeddings)", ylabel="first move right, %", ylim=(-3, 103))
    return finish(
        drawn,
        axes,
        "Logit lens: how often the likeliest move, read off each layer through the last norm and the head, begins a "
        "shortest path; bands are 95 % bootstrap intervals over mazes, the dashed line is who picks a move at random",
    )


def _changes(diff: Diff) -> Picture:
    """All fine-tunes in one picture: how alike the states are, how far they moved, what each layer does by itself."""
    drawn, panels = figure(10.5, 3.2, 1, 3)
    for at, tuned in enumerate(diff.tuned, 1):  # the base is the first colour everywhere
        layers = [layer for layer in tuned.layers if layer.place == "answer"]
        alike = [layer for layer in layers if layer.cka[0] == layer.cka[0]]
        if alike:
            _band(panels[0], [layer.layer for layer in alike], [layer.cka for layer in alike], at, tuned.name)
        _band(panels[1], [layer.layer for layer in layers], [layer.relative for layer in layers], at, tuned.name)
        _band(panels[2], [own.layer for own in tuned.own], [own.relative for own in tuned.own], at, tuned.name)
    chance = [layer.cka_chance for layer in diff.tuned[0].layers if layer.place == "answer"]
    panels[0].plot(range(len(chance)), chance, color=GREY, linestyle="--", label="chance")
    panels[0].set(title="debiased CKA with the base", ylim=(-0.05, 1.05))
    panels[1].set(title="|change| / |base|", ylim=(0, None))
    panels[2].set(title="what each layer adds,\ngiven the base's input", ylim=(0, None))
    for panel in panels:
        panel.set_xlabel("layer (0: embeddings)")
    return finish(
        drawn,
        panels[2],
        "What fine-tuning changed before the first move, by layer: the likeness of the geometry (1 is the same, the "
        "dashed line is what shuffled texts come to), the change of the states, and the change of what each layer adds "
        "when it is given the base's input (0 where its weights are the base's); a base beside itself is 1, 0 and 0",
        is_wide=True,
    )


def _probes(diff: Diff) -> Picture:
    """A panel for each thing that was read."""
    names = list(diff.targets)
    columns = 4
    drawn, panels = figure(11, 2.6 * ceil(len(names) / columns), ceil(len(names) / columns), columns)
    flat = list(panels.flat)
    for panel, target in zip(flat, names, strict=False):
        for at, (name, readings) in enumerate(diff.readings.items()):
            of_target = [reading for reading in readings if reading.target == target]
            if not of_target:
                continue
            layers = [reading.layer for reading in of_target]
            shares = [[100 * value for value in (reading.share, reading.low, reading.high)] for reading in of_target]
            if name in diff.lenses:
                _band(panel, layers, shares, at, name)
            else:
                panel.plot(layers, [share for share, *_ in shares], color=GREY, linestyle="--", label=label(name))
        of_base = [reading for reading in diff.readings[diff.base] if reading.target == target]
        panel.plot(
            [reading.layer for reading in of_base],
            [100 * reading.exchanged for reading in of_base],
            color=GREY,
            linestyle=":",
            label="labels exchanged",
        )
        panel.set(title=f"{target} (taught inside)" if target in diff.taught else target, ylim=(-3, 103))
    for panel in flat[len(names) :]:
        panel.set_axis_off()
    meanings = "; ".join(
        ", ".join([f"{name}: {meaning}", *(f"taught inside: {words}" for words in diff.taught.get(name, ()))])
        for name, meaning in diff.targets.items()
    )
    return finish(
        drawn,
        flat[columns - 1],
        f"What a linear probe reads off each layer, in percent right, on mazes it has not learned from ({meanings}). "
        "Dotted: the same where mazes have exchanged their labels; dashed: a model that nobody trained. Only what lies "
        "above both was learned",
        is_wide=True,
    )


def _between(diff: Diff, tuned: Tuned) -> Picture:
    names = [label(tuned.name), label(diff.base)]
    drawn, axes = figure(3.6 + extra(names), 3.2 + extra(names))
    values = [[float("nan") if value is None else value for value in row] for row in tuned.between]
    image = axes.imshow(values, cmap="cividis", vmin=0, vmax=1, origin="lower")
    drawn.colorbar(image, ax=axes)
    axes.set(xlabel=f"layer of\n{names[0]}", ylabel=f"layer of\n{names[1]}")
    return finish(
        drawn,
        axes,
        f"Debiased CKA before the first move, each layer of {diff.base} with each of {tuned.name}: 1 is the same "
        "geometry, 0 what independent states come to; empty where a layer does not vary",
        has_legend=False,
    )


def _effects(tuned: Tuned) -> Picture | None:
    if not tuned.effects:
        return None
    drawn, panels = figure(7.5, 2.8, 1, 2)
    for panel, model, title in zip(
        panels, ("base", "tuned"), ("added to the base", "taken from the tuned"), strict=True
    ):
        effects = [effect for effect in tuned.effects if effect.model == model]
        for at, words, figures in (
            (1, "the difference", [(effect.change, effect.low, effect.high) for effect in effects]),
            (0, "random, as long", [(effect.random, effect.random_low, effect.random_high) for effect in effects]),
        ):
            values = [100 * value for value, _, _ in figures]
            spread = [
                [100 * (value - low) for value, low, _ in figures],
                [100 * (high - value) for value, _, high in figures],
            ]
            places = [effect.layer + 0.12 * (at - 0.5) for effect in effects]
            panel.errorbar(
                places, values, yerr=spread, color=colour(at), marker="o", capsize=3, linestyle="", label=words
            )
        panel.axhline(0, color=GREY, linewidth=0.8)
        panel.set(title=title, xlabel="layer", ylabel="first move right, points")
    return finish(
        drawn,
        panels[1],
        f"Does it matter: what the mean difference of a layer ({tuned.name} minus base), put in before the first move, "
        "does to the share of right first moves; beside it vectors of the same length in random directions. Where the "
        "two agree, the direction is of no account",
    )


def _moved(tuned: Tuned) -> Picture | None:
    if not tuned.moved:
        return None
    ordered = sorted(tuned.moved, key=lambda moved: -moved.relative)[:20]
    drawn, panels = figure(9, 0.8 + 0.2 * len(ordered), 1, 3)
    names = [label(moved.name.removesuffix(".weight").removeprefix("model.")) for moved in ordered]
    places = range(len(ordered))
    for panel, title, values in (
        (panels[0], "|change| / |before|", [moved.relative for moved in ordered]),
        (panels[1], "stable rank of the change", [moved.stable_rank for moved in ordered]),
        (panels[2], "rotation, degrees", [moved.rotation for moved in ordered]),
    ):
        panel.barh(places, values, color=colour(0))
        panel.set_yticks(places, names)
        panel.invert_yaxis()
        panel.set_title(title)
        if panel is not panels[0]:
            panel.set_yticks([])
    return finish(
        drawn,
        panels[2],
        f"Where the weights of {tuned.name} moved most: how far, in how many directions, and how far the space of the "
        "eight greatest singular directions turned; untouched weights have 0 everywhere",
        has_legend=False,
    )


def _groups(tuned: Tuned) -> Picture | None:
    groups = [group for group in tuned.groups if group.relative]
    if not groups:
        return None
    drawn, axes = figure(5.2, 3.2)
    for at, group in enumerate(groups):
        _band(axes, range(len(group.relative)), group.relative, at, f"{group.change} ({group.n})")
    axes.set(xlabel="layer (0: embeddings)", ylabel="|change| / |base|", ylim=(0, None))
    return finish(
        drawn,
        axes,
        f"How far the states moved before the first move, by what became of the mazes from {tuned.name}'s base to it; "
        "if the change had nothing to do with it, the lines would lie in each other's bands",
    )


def _overlaps(tuned: Tuned) -> Picture | None:
    if not tuned.graphs:
        return None
    drawn, axes = figure(5.2, 3.2)
    for at, graphs in enumerate(tuned.graphs):
        words = f"{graphs.reducer}, {'centred' if graphs.is_centred else 'raw'}"
        layers = graphs.layers[:-1]
        axes.plot(layers, graphs.overlap, color=colour(at), marker="o", markersize=3, label=words)
        _, lows, highs = zip(*graphs.chance, strict=True)
        axes.fill_between(layers, lows, highs, color=colour(at), alpha=0.2, linewidth=0)
    axes.set(xlabel="from layer", ylabel="weighted Jaccard", ylim=(-0.03, 1.03))
    return finish(
        drawn,
        axes,
        f"LLM-MRI's graphs of base and {tuned.name}: what their edges have in common from each layer to the next (1: "
        "the same). Bands: 95 % of what comes of swapping each text's two states at random; below them the two are "
        "told apart by more than chance. Raw, a common shift alone does that; centred, it takes more",
    )


def _llm_mri(diff: Diff, tuned: Tuned) -> list[Picture]:
    """LLM-MRI's own pictures."""
    if not tuned.graphs:
        return []
    from . import llm_mri  # pyplot, which nothing else needs

    pictures = []
    for graphs in tuned.graphs:
        if not graphs.is_centred:
            continue
        for subject, png in llm_mri.draw(graphs).items():
            if subject == "graph":
                layers = ", ".join(map(str, graphs.layers))
                caption = (
                    f"LLM-MRI's neural regions ({graphs.reducer}, centred), layers {layers} from above: a node is a "
                    f"region that texts visit, blue edges are visited by more texts in {diff.base}, red ones by more "
                    f"in {tuned.name}, and wider ones by many more. Where nothing changed there are no edges"
                )
            else:
                caption = (
                    f"LLM-MRI's heat maps of {subject} ({graphs.reducer}, centred): how many texts are in each region "
                    f"of {diff.base} and of {tuned.name}, and the difference, which is 0 everywhere where nothing "
                    "changed"
                )
            pictures.append(Picture(caption, png=png, is_wide=True))
    return pictures

"""What every format says of a diff: the table of a fine-tune's layers at the last token, and sentences beside it."""

from __future__ import annotations

from tabulate import tabulate

from benchmark.mazes.printable import one_line
from reports.mri.result import Diff, Layer, Tuned

SURE = 0.05
PLACE = "answer"
HEADS = ("layer", "CKA", "change %", "common %", "p", "alone %", "p", "lens %")


def sentences(one: Tuned) -> list[str]:
    """What the table alone does not say."""
    here = _at(one)
    found = []
    owning = [own for own in one.own if own.p < SURE]
    if not any(own.relative[0] for own in one.own):
        found.append("nothing changed: every layer does what the base's does")
    elif owning:
        most = max(owning, key=lambda own: own.relative[0])
        found.append(
            f"layer {most.layer} changed most in what it adds by itself: by {100 * most.relative[0]:.1f} % "
            f"({100 * most.relative[1]:.1f} to {100 * most.relative[2]:.1f}), p {_p(most.p)}"
        )
    alike = [layer for layer in here if layer.cka[0] == layer.cka[0]]
    if alike:
        least = min(alike, key=lambda layer: layer.cka[0])
        found.append(
            f"the geometry is least alike in layer {least.layer}: CKA {least.cka[0]:.2f} ({least.cka[1]:.2f} to "
            f"{least.cka[2]:.2f}; shuffled texts: {least.cka_chance:.2f})"
        )
    for place, words in (("prompt", "the first word of the reply"), ("answer", "the first move")):
        value, low, high = one.divergence[place]
        found.append(f"the prediction of {words} diverges by {value:.2f} nats ({low:.2f} to {high:.2f})")
    for graphs in one.graphs:
        if graphs.is_centred:
            apart = sum(p < SURE for p in graphs.p)
            found.append(
                f"LLM-MRI's graphs ({graphs.reducer}, centred) differ by more than swapped texts do in {apart} of "
                f"{len(graphs.p)} steps"
            )
    if one.groups:
        found.append("mazes " + ", ".join(f"{group.change}: {group.n}" for group in one.groups))
    return found


def caption(diff: Diff, one: Tuned) -> str:
    return one_line(f"{one.name} beside {diff.base}, before the first move")


def tabulated(diff: Diff, one: Tuned, form: str) -> str:
    right = ["right"] * len(HEADS)
    return str(tabulate(rows(diff, one), headers=HEADS, tablefmt=form, disable_numparse=True, colalign=right))


def rows(diff: Diff, one: Tuned) -> list[list[str]]:
    before, after = diff.lenses[diff.base], diff.lenses[one.name]
    return [
        [
            str(layer.layer),
            "constant" if layer.cka[0] != layer.cka[0] else _span(layer.cka, 1, ".2f"),
            _span(layer.relative, 100, ".3g"),
            _span(layer.common, 100, ".0f"),
            _p(layer.p),
            _span(own.relative, 100, ".3g"),
            _p(own.p),
            f"{100 * was.share:.0f} -> {100 * now.share:.0f}",
        ]
        for layer, own, was, now in zip(_at(one), one.own, before, after, strict=True)
    ]


def _at(one: Tuned) -> list[Layer]:
    return [layer for layer in one.layers if layer.place == PLACE]


def _span(figures: tuple[float, float, float], times: float, form: str) -> str:
    value, low, high = (format(times * figure, form) for figure in figures)
    return value if value == low == high else f"{value} [{low},{high}]"


def _p(p: float) -> str:
    return f"{p:.3f}"

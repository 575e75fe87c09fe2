"""A diff as tables for people, as Markdown, as JSON, and as a section of the page."""

from __future__ import annotations

from benchmark.mazes.printable import one_line
from reports.render.html import PAGE
from reports.render.hypertext import escape
from reports.render.json import dumps
from reports.render.markdown import escape as in_markdown

from . import pictures
from .result import Diff, Layer, Tuned

SURE = 0.05
PLACE = "answer"
HEADS = ("layer", "CKA", "change %", "common %", "p", "own %", "own p", "lens %")


def text(diff: Diff) -> str:
    """The short table for the terminal: each fine-tune's layers at the last token."""
    parts = [
        "\n".join([_caption(diff, one), "", _tabulated(diff, one, "simple"), *sentences(one)]) for one in diff.tuned
    ]
    return "\n\n".join([*parts, *map(one_line, diff.notes)])


def markdown(diff: Diff) -> str:
    """The same as Markdown."""
    parts = []
    for one in diff.tuned:
        said = "\n".join(f"- {line}" for line in sentences(one))
        parts.append(f"### {in_markdown(_caption(diff, one))}\n\n{_tabulated(diff, one, 'github')}\n\n{said}\n")
    return "\n".join([*parts, *map(in_markdown, diff.notes)])


def as_json(diff: Diff) -> str:
    """All figures, without pictures; what is no number is null."""
    return dumps(diff.as_dict()) + "\n"


def section(diff: Diff) -> str:
    """What stands in the page: tables and pictures."""
    tables = "".join(_table(diff, one) for one in diff.tuned)
    notes = "".join(f"<p>{escape(note)}</p>" for note in diff.notes)
    origin = f"<details><summary>Where it comes from</summary><pre>{escape(dumps(diff.about))}</pre></details>"
    return f'{notes}{tables}<div class="pictures">{pictures.all_of(diff)}</div>{origin}'


def page(diff: Diff) -> str:
    """The section as a page of its own."""
    style = (PAGE / "page.css").read_text(encoding="utf-8")
    title = escape(f"{', '.join(one.name for one in diff.tuned)} beside {diff.base}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{title}</title><style>{style}</style>'
        f"</head><body><main><h1>What fine-tuning changed: {title}</h1>{section(diff)}</main></body></html>\n"
    )


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
        found.append(f"what is said for {words} diverges by {value:.2f} nats ({low:.2f} to {high:.2f})")
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


def _caption(diff: Diff, one: Tuned) -> str:
    return one_line(f"{one.name} beside {diff.base}, before the first move")


def _tabulated(diff: Diff, one: Tuned, form: str) -> str:
    from tabulate import tabulate

    right = ["right"] * len(HEADS)
    return str(tabulate(_rows(diff, one), headers=HEADS, tablefmt=form, disable_numparse=True, colalign=right))


def _rows(diff: Diff, one: Tuned) -> list[list[str]]:
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


def _table(diff: Diff, one: Tuned) -> str:
    heads = "".join(f'<th scope="col" class="figure">{escape(head)}</th>' for head in HEADS)
    rows = "".join(
        "<tr>" + "".join(f'<td class="figure">{escape(cell)}</td>' for cell in row) + "</tr>"
        for row in _rows(diff, one)
    )
    said = "".join(f"<li>{escape(line)}</li>" for line in sentences(one))
    caption = escape(_caption(diff, one))
    table = f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div><ul>{said}</ul>'

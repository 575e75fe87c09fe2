"""The pictures of the page, as SVG that takes its text colour from the page around it (light or dark)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from math import isnan
from statistics import fmean
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmark.mazes.outcomes import OUTCOMES, SOLVED
from benchmark.mazes.printable import one_line
from benchmark.mazes.suite import Suite, find_suite, group_names
from models import curve
from reports.budget_curve import Curve
from reports.run import Run
from reports.schema import Record
from reports.statistics import wilson

if TYPE_CHECKING:
    import pandas as pd

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
"""Of checkpoints: those of Okabe and Ito 2008, which colour-blind people can tell apart."""
OUTCOME_COLOURS = {
    "optimal": "#009E73",
    "solved": "#56B4E9",
    "unreachable": "#0072B2",
    "false-unreachable": "#CC79A7",
    "wall": "#D55E00",
    "outside": "#A0522D",
    "short": "#E69F00",
    "overshot": "#F0E442",
    "unreadable": "#777777",
    "truncated": "#AAAAAA",
    "looping": "#555555",
    "empty": "#CCCCCC",
}


@dataclass(frozen=True)
class Picture:
    """A picture with its caption, which is also read out in its place."""

    caption: str
    svg: str = ""
    png: str = ""
    """In base64, where it is no SVG."""
    is_wide: bool = False

    @property
    def svg_rest(self) -> str:
        """The SVG after its first word, behind which a template adds attributes."""
        return self.svg.removeprefix("<svg")


_INK = "#123456"  # stands for the colour of the text around
AT_LEAST = 10  # mazes in a point of a curve
LINE, LETTER = 0.18, 0.08  # inches that a line and a letter of a legend take
LONGEST = 32  # letters of a name in a picture; the tables have all of it


def by_size(table: pd.DataFrame, runs: Mapping[str, Run]) -> Picture | None:
    """Solved share in each tier, with Wilson intervals; None where fewer than two tiers were asked."""
    suite = _suite(runs)
    tiers = [tier for tier in suite.tiers if (table.group == tier).any()]
    if len(tiers) < 2:
        return None
    drawn, axes = figure(5.2, 3.2)
    for at, name in enumerate(runs):
        rows = (
            table[(table.checkpoint == name) & table.group.isin(tiers)]
            .set_index("group")
            .reindex(tiers)
            .dropna(subset=["n"])
        )
        places = [tiers.index(group) + 0.06 * (at - (len(runs) - 1) / 2) for group in rows.index]
        spread = [(rows.solved - rows.low).clip(lower=0), (rows.high - rows.solved).clip(lower=0)]
        axes.errorbar(places, rows.solved, yerr=spread, color=colour(at), marker="o", capsize=3, label=label(name))
    axes.set(xlabel="tier", ylabel="solved, %", ylim=(-3, 103))
    axes.set_xticks(
        range(len(tiers)), [f"{tier}\n{suite.groups[tier].rows}x{suite.groups[tier].cols}" for tier in tiers]
    )
    return finish(drawn, axes, "Share of mazes solved in each tier, by checkpoint, with 95 % Wilson intervals")


def by_length(runs: Mapping[str, Run]) -> Picture | None:
    """Solved share over the length of the shortest path, in bins of even counts, with bands; None without tiers."""
    drawn, axes = figure(5.2, 3.2)
    has_any = False
    for at, (name, run) in enumerate(runs.items()):
        points = _bins(run.records, run.suite.tiers)
        if len(points) < 2:
            continue
        has_any = True
        lengths, shares, lows, highs = zip(*points, strict=True)
        axes.plot(lengths, shares, color=colour(at), marker="o", markersize=3, label=label(name))
        axes.fill_between(lengths, lows, highs, color=colour(at), alpha=0.2, linewidth=0)
    axes.set(xlabel="moves of the shortest path", ylabel="solved, %", ylim=(-3, 103))
    return (
        finish(drawn, axes, "Share of mazes solved over the length of the shortest path, with 95 % Wilson bands")
        if has_any
        else None
    )


def by_budget(curves: Sequence[Curve], runs: Mapping[str, Run]) -> Picture | None:
    """Solved share over the token budget, and how many replies have ended, as means over the tiers; None without."""
    suite, has_any = _suite(runs), False
    drawn, axes = figure(5.2, 3.2)
    for at, name in enumerate(runs):
        own = [curve for curve in curves if curve.checkpoint == name and curve.group in suite.tiers]
        if not own:
            continue
        has_any = True
        budgets = [point.budget for point in own[0].points]
        solved, ended = (
            [100 * fmean(getattr(curve.points[place], share) for curve in own) for place in range(len(budgets))]
            for share in ("solved", "ended")
        )
        axes.plot(budgets, solved, color=colour(at), marker="o", markersize=3, label=label(name))
        axes.plot(budgets, ended, color=colour(at), linestyle=":", label=label(f"{name}, ended"))
    axes.set_xscale("log", base=2)
    axes.set(xlabel="token budget of a reply", ylabel="mazes, %", ylim=(-3, 103))
    return (
        finish(
            drawn, axes, "Solved within a token budget, and replies that ended within it (dotted), mean of the tiers"
        )
        if has_any
        else None
    )


def _suite(runs: Mapping[str, Run]) -> Suite:
    """The suite of the first run."""
    return next((run.suite for run in runs.values()), find_suite(None))


def _bins(records: Sequence[Record], tiers: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """Mean length, and share with interval in percent, of the tiers' mazes in order of length, AT_LEAST to a bin."""
    tries: dict[tuple[int, str, str], list[bool]] = {}  # of one maze they are no mazes of their own
    for record in records:
        if record.group in tiers and record.outcome != "error" and record.shortest:
            tries.setdefault((record.shortest, record.group, record.case), []).append(record.outcome in SOLVED)
    ordered = sorted((length, sum(solved) / len(solved)) for (length, *_), solved in tries.items())
    size = max(AT_LEAST, len(ordered) // 12)
    points = []
    for start in range(0, len(ordered) - size + 1, size):
        lengths, solved = zip(*ordered[start : start + size], strict=True)
        low, high = wilson(min(size, sum(solved)), size)
        points.append((sum(lengths) / size, 100 * sum(solved) / size, 100 * low, 100 * high))
    return points


def outcomes(table: pd.DataFrame, runs: Mapping[str, Run]) -> Picture | None:
    """The outcomes of the replies, a stacked bar for each group and checkpoint."""
    rows = table[table.checkpoint.isin(list(runs))]
    if rows.empty:
        return None
    names, places = [label(name) for name in rows.checkpoint], range(len(rows))
    drawn, axes = figure(7.5 + extra(names), 0.8 + 0.28 * len(rows))
    left = [0.0] * len(rows)
    for outcome in OUTCOMES:
        column = f"outcome_{outcome.replace('-', '_')}"
        if outcome == "error" or not rows[column].any():
            continue
        axes.barh(places, rows[column], left=left, color=OUTCOME_COLOURS[outcome], label=outcome)
        left = [start + share for start, share in zip(left, rows[column], strict=True)]
    axes.set_yticks(places, [f"{group}  {name}" for group, name in zip(rows.group, names, strict=True)])
    axes.invert_yaxis()
    axes.set(xlabel="% of mazes", xlim=(0, 100))
    return finish(drawn, axes, "Outcomes, in % of the replies of each group and checkpoint")


def transfer(table: pd.DataFrame, runs: Mapping[str, Run]) -> Picture | None:
    """A heat map of what is solved in each group by each checkpoint; None without groups beside the tiers."""
    rows = table[table.checkpoint.isin(list(runs))]
    groups = [group for group in group_names() if (rows.group == group).any()]
    if not set(groups) - set(_suite(runs).tiers):
        return None
    shares = (
        rows.pivot(index="group", columns="checkpoint", values="solved")
        .reindex(index=groups, columns=list(runs))
        .to_numpy(float)
        .tolist()
    )
    names = [label(name) for name in runs]
    drawn, axes = figure(2.4 + 0.9 * len(runs) + extra(names), 0.9 + 0.26 * len(groups) + extra(names))
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for place, row in enumerate(shares):
        for at, share in enumerate(row):
            if not isnan(share):
                axes.text(
                    at,
                    place,
                    f"{share:.0f}",
                    ha="center",
                    va="center",
                    color="white" if share < 60 else "black",
                    fontsize=8,
                )
    axes.set_xticks(range(len(runs)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(groups)), groups)
    return finish(drawn, axes, "Share of mazes solved, in percent, in each group by each checkpoint", has_legend=False)


def curves(runs: Mapping[str, Run]) -> list[Picture]:
    """What was logged while each checkpoint was trained, a picture for each of `curve.SHOWN` that there is."""
    logged = {name: run.metadata.checkpoint.curve or {} for name, run in runs.items()}
    drawn = (_curve(value, words, logged) for value, words in curve.SHOWN.items())
    return [picture for picture in drawn if picture]


def _curve(value: str, words: str, logged: Mapping[str, Mapping[str, Any]]) -> Picture | None:
    if not any(value in series for series in logged.values()):
        return None
    drawn, axes = figure(5.2, 3.2)
    for at, (name, series) in enumerate(logged.items()):
        if points := series.get(value):
            axes.plot(*zip(*points, strict=True), color=colour(at), label=label(name), marker="o", markersize=2)
    axes.set(xlabel="optimizer step", ylabel=words)
    if value == "solved":
        axes.set_ylim(-0.03, 1.03)
    if value == "loss" and all(amount > 0 for series in logged.values() for _, amount in series.get(value, [])):
        axes.set_yscale("log")
    return finish(drawn, axes, f"While training: {words}, by optimizer step; each method has a scale of its own")


def figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure in inches, and its panel, or its panels as an array; for `finish`."""
    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    with _settings(dict.fromkeys(ink, _INK) | {"font.size": 9}):
        drawn = Figure(figsize=(width, height), layout="constrained")
        return drawn, drawn.subplots(rows, columns)


def finish(drawn: Figure, axes: Any, caption: str, has_legend: bool = True, is_wide: bool = False) -> Picture:
    """The figure as a picture; `axes` is the panel that has the legend."""
    for panel in drawn.axes:
        panel.spines[["top", "right"]].set_visible(False)
    out = StringIO()
    with _settings({"svg.fonttype": "none", "svg.hashsalt": caption}):
        if has_legend:
            legend = axes.legend(
                frameon=False, fontsize=8, labelcolor=_INK, loc="upper left", bbox_to_anchor=(1.0, 1.0)
            )
            _fit(drawn, [text.get_text() for text in legend.get_texts()])
        drawn.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    svg = re.sub(f'([:"] ?){_INK}', r"\1currentColor", text[text.index("<svg") :])  # of a style, and not of a name
    return Picture(caption, svg=svg, is_wide=is_wide)


def _fit(drawn: Figure, names: Sequence[str]) -> None:
    """Make a picture larger where its legend would leave no room for the panels."""
    width, height = drawn.get_size_inches()
    drawn.set_size_inches(width + extra(names), max(height, 1 + LINE * len(names)))


def extra(names: Iterable[str]) -> float:
    """The inches that names take beyond those that every picture has room for."""
    return LETTER * max(0, max(map(len, names), default=0) - LONGEST // 2)


@contextmanager
def _settings(chosen: Mapping[str, Any]) -> Iterator[None]:
    """Matplotlib with these settings, whatever a user has chosen for text.

    It warns of letters that its own font does not have and of writing from right to left. Here it only measures text
    with its font: what is written is the text itself, which the browser draws with the fonts that it has.
    """
    with rc_context({"text.usetex": False, **chosen}), warnings.catch_warnings():
        for message in (r"Glyph \d+ ", "Matplotlib currently does not support"):
            warnings.filterwarnings("ignore", message, UserWarning)
        yield


def label(text: str) -> str:
    """A name as matplotlib shows it: in one line, cut in the middle where it is long, and nothing in it a formula."""
    shown = one_line(text)
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST // 2]}…{shown[1 - LONGEST // 2 :]}"
    # what begins with an underscore is left out of legends
    return f"{' ' if shown.startswith('_') else ''}{shown}".replace("$", r"\$")


def colour(at: int) -> str:
    """Of the checkpoint that is listed at this place."""
    return COLOURS[at % len(COLOURS)]

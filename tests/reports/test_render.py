"""A checkpoint may have any name, and a run any text in it: every format is whole, and nothing in it acts."""

import csv
import io
import json
import re
import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmark.mazes.printable import encodable, one_line, printable
from reports.comparison import compare
from reports.mri.lens import Seen
from reports.mri.probes import Reading
from reports.mri.result import Diff, Layer, Own, Tuned
from reports.mri.weights import Moved
from reports.render import FORMATS, charts
from reports.render.csv import FORMULA
from reports.render.html import _packed
from reports.render.html import render_diff as diff_as_page
from reports.render.markdown import render_diff as diff_as_markdown
from reports.render.terminal import render, render_changes
from reports.render.terminal import render_diff as diff_as_text
from reports.report import build_report
from reports.run import Run

from .test_comparison import run

HOSTILE = [
    "模型",
    "🦙",
    "_mine",
    "__",
    r"$\frac$",
    "$x$ and $y$",
    r"\$x\$",
    "عربي",
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "a\nb\r\tc",
    "\ud800",
    "<b>&",
    "</script><script>alert(1)</script>",
    "<!-- /leaderboard -->",
    "{{ data }}",
    "#123456",
    "x|y\\|z",
    "`a` [b](c)",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'quoted",
    "\t=1",
    "\uff1d1",
    'a,b"c',
    "\u202egnp",
    "\x00",
    "-- %s {}",
    "x" * 300,
    "日本語" * 60,
]
NAMES = st.text(st.characters(codec=None), min_size=1, max_size=12) | st.sampled_from(HOSTILE)


def named(names, **about):
    return {name: run({"tiny": [True, False]}, checkpoint={"name": name}, **about) for name in names}


@settings(max_examples=60)
@given(st.lists(NAMES, min_size=1, max_size=3, unique_by=lambda name: one_line(encodable(name))))
@example(HOSTILE)
def test_every_format_of_text_is_whole_for_any_name(names):
    runs = named(names)
    base = Run(runs[names[0]].provenance, runs[names[0]].records)
    compared = {name: (f"runs/{name}.jsonl", compare(base, one)) for name, one in runs.items()}
    made = build_report(runs, compared, [("mine", lambda row: row.checkpoint)])
    written = {name: FORMATS[name].write(made) for name in ("csv", "json", "latex", "latex-pt", "markdown")}
    written["terminal"] = render(made.table, made.columns)
    written["changes"] = "\n".join(render_changes(found) for _, found in compared.values())
    for text in written.values():
        text.encode()
        assert printable(text) == text
    rows = len(made.table)

    cells = list(csv.reader(io.StringIO(written["csv"], newline="")))
    assert {len(row) for row in cells} == {len(made.table.columns)}
    shown = [row[1] for row in cells[1:]]
    assert len(shown) == rows
    assert not any(cell.startswith(FORMULA[:-1]) for cell in shown)
    assert [cell.removeprefix("'") for cell in shown] == [one_line(name) for name in made.table.checkpoint]

    assert list(json.loads(written["json"])["runs"]) == [encodable(name) for name in names]
    markdown = [line for line in written["markdown"].splitlines() if line.startswith("|")]
    assert "<" not in re.sub(r"</?(details|summary)>", "", written["markdown"])
    assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in markdown[: rows + 2]}) == 1
    for form in ("latex", "latex-pt"):
        body = [line for line in written[form].splitlines() if line.endswith(r"\\")]
        assert len(body) == rows + 1
        assert {len(re.findall(r"(?<!\\)(?:\\\\)*&", line)) for line in body} == {6}
    assert len(written["terminal"].splitlines()) == rows + 2
    assert len(written["changes"].splitlines()) == 3 * len(names)


class _Page(HTMLParser):
    """The elements that are open at the end, and all text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_whole_for_any_name():
    runs = named(HOSTILE, curve={"loss": [[1, 2.5]]})
    compared = {name: (name, compare(one, one)) for name, one in runs.items()}
    text = FORMATS["html"].write(build_report(runs, compared))
    text.encode()
    assert printable(text) == text
    page = _Page(text)
    assert page.open == []
    assert not page.tags & {"b", "alert"}
    assert text.count("<script") == 2
    for name in HOSTILE:
        assert printable(encodable(name)) in page.texts


def _shown(picture):
    """The texts of a picture, which is well-formed XML."""
    root = ET.fromstring(picture.svg)
    return [part.text for part in root.iter() if part.tag.endswith("text")]


@settings(max_examples=12)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
@example(HOSTILE)
def test_a_picture_names_everyone(names):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = {name: Run({"checkpoint": {"curve": {"loss": [[1, 2.5], [9, 0.5]]}}}, []) for name in names}
        (drawn,) = charts.curves(runs)
        shown = _shown(drawn)
    for name in names:
        label = one_line(name)
        if label.strip() and len(label) <= charts.LONGEST:
            assert label.strip() in [text.strip() for text in shown if text], name


def test_pictures_have_room_for_many_long_names():
    names = [f"{number} {'日本語のモデル' * 40}" for number in range(45)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = build_report({name: run({"tiny": [True], "size-6x6": [False]}) for name in names})
        pictures = [charts.outcomes(made.table, made.runs), charts.transfer(made.table, made.runs)]
        pictures += charts.curves({name: Run({"checkpoint": {"curve": {"loss": [[1, 2]]}}}, []) for name in names})
    for picture in pictures:
        assert sum(f"{number} 日" in picture.svg for number in range(45)) == 45


TARGETS = dict.fromkeys(("walls", "start", "goal", "first move"), "what it is")


def diff_of(base, tuned):
    """A diff of two checkpoints with these names, of two layers, with what has a name in it."""
    one = (0.5, 0.4, 0.6)
    layers = [Layer("answer", at, one, 0.1, one, one, one, one, 0.5) for at in range(2)]
    matrices = [Moved(name, 0.5, 2.0, 30.0) for name in (f"model.{tuned}.weight", "_a.weight", "$b$.weight")]
    divergence = {"prompt": one, "answer": one}
    found = Tuned(
        tuned,
        layers,
        [[1.0, 0.5], [0.5, 1.0]],
        [Own(at, one, 0.5) for at in range(2)],
        divergence,
        [],
        [],
        matrices,
        [],
        [],
    )
    lenses = {name: [Seen(at, *one, 1.0, 0.5) for at in range(2)] for name in (base, tuned)}
    readings = {
        name: [Reading(target, "answer", at, *one, 0.5, 0.1, 0.5) for at in range(2) for target in TARGETS]
        for name in lenses
    }
    about = {"base": base}
    return Diff(base, about, [found], lenses, 0.4, readings, TARGETS, [f"{tuned}: a note"])


@pytest.mark.parametrize("name", ["模型", r"_$\frac$", "\x1b[31m<b>", "x" * 300, "日本語" * 60])
def test_activations_are_shown_for_any_name(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = diff_of(f"{name}-base", name)
        page = diff_as_page(found)
    assert page.count("<svg") == 5
    parsed = _Page(page)
    assert parsed.open == []
    assert "b" not in parsed.tags
    for text in (page, diff_as_text(found), diff_as_markdown(found)):
        assert printable(text) == text
    assert "<b>" not in diff_as_markdown(found)


def test_a_name_of_csv_comes_back_and_numbers_stay_numbers(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text(FORMATS["csv"].write(build_report(named(["=1+1", "'quoted", "plain"]))))
    table = pd.read_csv(file)
    assert table.checkpoint.tolist()[:3] == ["'=1+1", "''quoted", "plain"]
    assert table.checkpoint.str.removeprefix("'").tolist()[:3] == ["=1+1", "'quoted", "plain"]
    assert pd.api.types.is_numeric_dtype(table.solved)


def test_a_saved_run_with_the_same_replies_takes_little_of_the_page():
    replies = [True, False] * 40
    long = [" ".join(str(number**power) for power in range(20, 60)) for number in range(100, 180)]
    made = run({"medium": replies})
    after = Run(made.provenance, [replace(line, reply=reply) for line, reply in zip(made.records, long, strict=True)])
    before = Run(after.provenance, list(after.records))
    alone = len(_packed(build_report({"sft": after})))
    assert len(_packed(build_report({"sft": after}, {"sft": ("nightly", compare(before, after))}))) < 1.3 * alone

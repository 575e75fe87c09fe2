"""The page, in a real browser: without a script, sorted, filtered, walked through by keyboard, on a phone, dark."""

import re
import shutil
import time
from random import Random

import pytest
from msgspec.structs import replace

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.score import score
from reports.comparison import compare
from reports.render import FORMATS
from reports.report import build_report
from reports.run import Run
from reports.schema import Record

pytest_plugins = ["pytester"]

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no chromium here: Debian's package has it")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def run(agent, tiers, limit=None, name=None, reply=""):
    """What an agent does, as a run."""
    lines = []
    for tier in tiers:
        for case in SUITE.cases(tier)[:limit]:
            answer = AGENTS[agent](case)
            found = score(case.maze, answer)
            lines.append(
                Record(tier, case.id, 0, case.digest, {}, found.outcome, found.outcome, answer.why, answer.moves,
                     found.prefix, found.shortest, found.progress, 0, 0, found.extra, 9,
                     reply or f"answer: {answer.moves}")
            )  # fmt: skip
    about = {"checkpoint": {"name": name or agent}, "suite": "labirinto-v1", "drawing": "compact", "style": "plain"}
    return Run(about | {"language": "en"}, lines)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    runs = {name: run(name, ["tiny", "small", "size-6x6"], 40) for name in ("wall-follower", "greedy")}
    runs["greedy"].provenance["checkpoint"]["curve"] = {"loss": [[1, 2.5], [9, 0.5]], "solved": [[9, 0.25]]}
    runs["<b>&"] = run("constant", ["tiny", "small", "size-6x6"], 40, "<b>&", "</script><b>bold</b>")
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(FORMATS["html"].write(build_report(runs)))
    return file


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@pytest.fixture
def opened(browser, page_file):
    """A function that opens the page; nothing may go wrong in it, and nothing be asked of a network."""
    contexts, said = [], []

    def opens(file=page_file, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url))
        page.goto(file.as_uri())
        return page

    yield opens
    for context in contexts:
        context.close()
    assert said == []


def test_a_page_is_written_where_it_was_asked_for(project):
    few = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "3", "--checkpoint", "oracle"]
    result = project.runpytest_inprocess(*few, "--report", "html")
    result.stdout.fnmatch_lines(["wrote report.html"])
    text = (project.path / "report.html").read_text()
    assert text.startswith("<!doctype html>")
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert "{{" not in text


@needs_chromium
def test_without_a_script_the_tables_and_pictures_are_there(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("#leaderboard tbody tr").count() == 3
    assert page.locator("#accuracy table").first.locator("tbody tr").count() > 10
    assert page.locator("figure svg[role=img]").count() == 6  # four, and what was logged of loss and solved
    assert not page.locator("#choose").is_visible()  # what would do nothing
    assert page.get_by_text("<b>&", exact=True).first.is_visible()


@needs_chromium
def test_tables_are_sorted_and_filtered(opened):
    page = opened()
    names = lambda: page.locator("#leaderboard tbody tr:visible td:nth-child(2)").all_inner_texts()  # noqa: E731
    assert names() == ["wall-follower", "greedy", "<b>&"]
    head = page.locator("#leaderboard th", has_text="solved %")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert names() == ["<b>&", "greedy", "wall-follower"]
    page.locator("#filter").fill("WALL")
    assert names() == ["wall-follower"]


@needs_chromium
def test_a_maze_is_found_and_walked_by_keyboard_alone(opened):
    page = opened()
    page.wait_for_selector("#choose:not([hidden])")
    assert page.locator("#count").inner_text() == "120 mazes"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#right").focus()
    page.keyboard.type("greedy")
    page.locator("#group").focus()
    page.keyboard.type("small")
    page.locator("#change").focus()
    page.keyboard.type("broken")
    cases = page.locator("#case option").all_inner_texts()
    assert page.locator("#count").inner_text() == f"{len(cases)} mazes"
    left, right = (run(name, ["small"], 40) for name in ("wall-follower", "greedy"))
    solved = [{line.case for line in one.records if line.outcome in ("optimal", "solved")} for one in (left, right)]
    assert cases == [f"small/{line.case}" for line in left.records if line.case in solved[0] - solved[1]]
    page.locator("#after").focus()
    page.keyboard.press("Enter")
    assert page.locator("#case").evaluate("one => one.selectedIndex") == 1
    assert page.locator("#view h3").all_inner_texts() == ["wall-follower: solved", "greedy: short"]


@needs_chromium
def test_the_way_is_drawn_over_the_maze_and_the_first_illegal_step_is_marked(opened):
    page = opened()
    page.wait_for_selector("#choose:not([hidden])")
    page.select_option("#left", label="<b>&")
    page.select_option("#outcome", "wall")
    name = page.locator("#case option").first.inner_text().split("/")
    case = SUITE.case(*name)
    (line,) = [line for line in run("constant", [name[0]], 40).records if line.case == name[1]]
    way = page.locator("#view .way").get_attribute("d")
    assert way.count("L") == line.prefix
    row, col = case.maze.start
    assert way.startswith(f"M{24 * (col + 0.5) + 2:g} {24 * (row + 0.5) + 2:g}")
    assert page.locator("#view .wrong").count() == 1
    assert page.locator("#view pre").inner_text() == "</script><b>bold</b>"
    label = page.locator("#view svg").get_attribute("aria-label")
    assert label == f"{name[0]} {name[1]}: wall, {len(line.moves)} moves"


def _compared(tmp_path, before, after):
    """A page of two checkpoints, the first of which was compared; its comparison."""
    found = compare(before, after)
    runs = {"greedy": after, "constant": run("constant", ["tiny", "small"], 40)}
    file = tmp_path / "compared.html"
    file.write_text(FORMATS["html"].write(build_report(runs, {"greedy": ("runs/nightly-wall-follower.jsonl", found)})))
    return file, found


def _listed(page, change):
    page.select_option("#change", change)
    cases = page.locator("#case option").all_inner_texts()
    assert page.locator("#count").inner_text() == f"{len(cases)} mazes"
    return cases


@needs_chromium
def test_what_a_comparison_counts_as_broken_and_fixed_is_found_in_the_page_with_both_replies(opened, tmp_path):
    before, after = (run(name, ["tiny", "small"], 40) for name in ("wall-follower", "greedy"))
    before.records[0] = replace(before.records[0], outcome="error", reply="")  # a case of which one run has no reply
    gone, new = before.records[-1], after.records[-2]
    before.records.remove(next(line for line in before.records if line.case == new.case and line.group == new.group))
    after.records.remove(next(line for line in after.records if line.case == gone.case and line.group == gone.group))
    file, found = _compared(tmp_path, before, after)
    assert found.unscored == found.gone == found.new == 1
    page = opened(file)
    page.wait_for_selector("#choose:not([hidden])")
    assert page.locator("#left option").all_inner_texts() == [
        "greedy", "constant", "wall-follower (runs/nightly-wall-follower.jsonl)",
    ]  # fmt: skip
    page.select_option("#right", label="greedy")
    page.select_option("#left", label="wall-follower (runs/nightly-wall-follower.jsonl)")
    assert len(found.broken) > 20
    assert sorted(_listed(page, "broken")) == sorted(found.broken)
    group, case = page.locator("#case option").first.inner_text().split("/")
    replies = [
        line.reply for one in (before, after) for line in one.records if (line.group, line.case) == (group, case)
    ]
    assert page.locator("#view pre").all_inner_texts() == replies
    assert len(replies) == 2
    assert page.locator("#view svg .way").count() == 2
    assert sorted(_listed(page, "fixed")) == sorted(found.fixed)
    assert len(_listed(page, "same")) == 78 - len(found.broken) - len(found.fixed) - 1
    assert len(_listed(page, "")) == 80  # what was asked this time, of whomever, also where nothing was compared


@needs_chromium
def test_the_saved_run_is_on_the_left_where_its_checkpoint_is_on_the_right(opened, tmp_path):
    before, after = run("wall-follower", ["tiny", "small", "medium"], 40), run("greedy", ["tiny", "small"], 40)
    file, found = _compared(tmp_path, before, after)
    page = opened(file)
    page.wait_for_selector("#choose:not([hidden])")
    chosen = lambda side: page.locator(f"#{side} option:checked").inner_text()  # noqa: E731
    assert [chosen("left"), chosen("right")] == ["wall-follower (runs/nightly-wall-follower.jsonl)", "greedy"]
    assert len(_listed(page, "")) == 80  # the mazes that were not asked this time are left out
    assert sorted(_listed(page, "broken")) == sorted(found.broken)
    page.select_option("#right", label="constant")  # it was not compared
    assert chosen("left") == "wall-follower (runs/nightly-wall-follower.jsonl)"


@needs_chromium
def test_of_several_replies_to_a_maze_all_are_shown_and_most_decide(opened, tmp_path):
    def sampled(agents):
        parts = [run(agent, ["tiny"], 12) for agent in agents]
        lines = [replace(line, sample=at) for at, part in enumerate(parts) for line in part.records]
        return Run(parts[0].provenance, lines)

    found = compare(sampled(["greedy", "constant", "greedy"]), sampled(["oracle", "greedy", "oracle"]))
    file = tmp_path / "samples.html"
    after = sampled(["oracle", "greedy", "oracle"])
    file.write_text(FORMATS["html"].write(build_report({"mine": after}, {"mine": ("before.jsonl", found)})))
    page = opened(file)
    page.wait_for_selector("#choose:not([hidden])")
    assert len(found.fixed) > 2
    assert sorted(_listed(page, "fixed")) == sorted(found.fixed)
    assert _listed(page, "broken") == []
    _listed(page, "fixed")
    assert page.locator("#view pre").count() == page.locator("#view svg").count() == 6
    assert page.locator("#view h3").all_inner_texts() == ["greedy (before.jsonl): 0 of 3 solved", "mine: 2 of 3 solved"]


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read_in_light_and_dark(opened, scheme):
    page = opened(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.wait_for_selector("#choose:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ink, paper = (
        [int(part) for part in re.findall(r"\d+", page.evaluate(f"getComputedStyle(document.body).{name}"))[:3]]
        for name in ("color", "backgroundColor")
    )
    assert abs(_light(ink) - _light(paper)) > 0.6
    assert (_light(paper) > 0.5) == (scheme == "light")
    text = page.locator("figure svg text").first.evaluate("one => getComputedStyle(one).fill")
    assert [int(part) for part in re.findall(r"\d+", text)[:3]] == ink


def _light(colour):
    """Relative luminance, roughly."""
    return sum(share * (part / 255) ** 2.2 for share, part in zip((0.2126, 0.7152, 0.0722), colour, strict=True))


@pytest.mark.slow
@needs_chromium
def test_ten_thousand_cases_fit_into_five_megabytes_and_open_in_two_seconds(opened, tmp_path):
    random, words = Random(1), [f"({row},{col})" for row in range(1, 9) for col in range(1, 9)]
    runs = {}
    for number, agent in enumerate(("oracle", "wall-follower", "greedy", "random-walk", "constant")):
        made = run(agent, SUITE.tiers, name=f"{agent}-{number}")
        # as long as the nano family's searches, and no two alike
        lines = [replace(line, reply=" ".join(random.choices(words, k=120))) for line in made.records]
        runs[f"{agent}-{number}"] = Run(made.provenance, lines)
    assert sum(len(one.records) for one in runs.values()) == 10_000
    file = tmp_path / "big.html"
    file.write_text(FORMATS["html"].write(build_report(runs)))
    assert file.stat().st_size < 5_000_000
    seconds = []
    for _ in range(3):  # the first time the browser itself has to warm up
        began = time.monotonic()
        page = opened(file)
        page.wait_for_selector("#choose:not([hidden])")
        seconds.append(time.monotonic() - began)
        assert page.locator("#count").inner_text() == "2000 mazes"
    assert min(seconds) < 2

"""The page about the mazes says what the code does."""

import re

import pytest

from benchmark.mazes import facts
from benchmark.mazes.agents import AGENTS
from benchmark.mazes.draw import DRAWINGS, draw, read
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.outcomes import OUTCOMES

from ..conftest import ROOT

PAGE = (ROOT / "docs" / "mazes.md").read_text()


def rows(heading):
    """The rows of the first table under a heading, its head left out, as lists of cells."""
    lines = PAGE.split(f"## {heading}")[1].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| ---"))
    table = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def test_the_floors_are_those_of_the_suite():
    table = rows("Answers without a model")
    assert [row[0] for row in table] == [name for name, group in SUITE.groups.items() if not group.source]
    assert f"| group | {' | '.join(AGENTS)} |" in PAGE
    for group, *cells in table:
        assert cells == [f"{right:.1f} ({best:.1f})" for right, best in facts.baselines(SUITE, group).values()]


def test_the_groups_are_those_of_the_suite():
    text = " ".join(row[0] for row in rows("The suite `labirinto-v1`"))
    named, kind = [], ""
    for name in re.findall(r"`([^`]+)`", text):
        kind = kind if name.startswith("-") else name.split("-")[0]
        named.append(kind + name if name.startswith("-") else name)
    assert named == list(SUITE.groups)
    for row in rows("The suite `labirinto-v1`"):
        counts = {len(SUITE.cases(name)) for name in SUITE.groups if f"`{name}`" in row[0]}
        assert {int(row[1].split()[-1])} == counts


def test_the_drawings_and_outcomes_are_those_of_the_code():
    maze = read("#######\n#S    #\n# ### #\n# #  G#\n#######", "block")
    for drawing in DRAWINGS:
        shown = re.search(rf"^`{drawing}`\n\n((?:    .*\n)+)", PAGE, re.MULTILINE)[1]
        assert shown.split() == draw(maze, drawing).split()
        assert drawing == "coordinates" or re.sub("^    ", "", shown, flags=re.MULTILINE) == draw(maze, drawing) + "\n"
    assert rows("Answers and scores") == [[f"`{name}`", meaning] for name, meaning in OUTCOMES.items()]


@pytest.mark.parametrize("option", ["--prompt", "--language", "--shots", "--reasoning", "--glyphs"])
def test_the_options_that_are_named_are_there(option):
    assert option in PAGE
    assert f'"{option}"' in (ROOT / "fixtures" / "options.py").read_text()

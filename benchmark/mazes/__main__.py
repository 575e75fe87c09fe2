"""The mazes at the command line: draw one, print the facts of the suite, export it.

python -m benchmark.mazes draw --generator wilson --size 12 --drawing compact --seed 7 --solution
python -m benchmark.mazes draw --case small/dfs-0042 --drawing all
python -m benchmark.mazes facts
python -m benchmark.mazes export suite.jsonl
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import astuple, fields
from pathlib import Path

from tabulate import tabulate
from tqdm import tqdm

from . import facts as sheet
from .agents import AGENTS, solution
from .covariates import covariates
from .draw import DRAWINGS, Glyphs, Grid, draw, draw_path
from .endpoints import POLICIES
from .errors import MazeError
from .export import export
from .generate import GENERATORS, generate
from .maze import Maze
from .pipe import run_piped
from .prompt import LANGUAGES, PROMPT_STYLES, PromptOptions
from .suite import DEFAULT, SUITES

_LARGEST_LEAK = 8  # rows of a tier up to which layouts are looked for: larger ones are not met by chance


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code, 2 for a request that cannot be met."""
    return run_piped(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except MazeError as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmark.mazes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    drawn = commands.add_parser("draw", help="show a maze", description="Show a maze, with its solution if asked.")
    drawn.set_defaults(run=_draw, prog=drawn.prog)
    drawn.add_argument("--generator", default="dfs", choices=list(GENERATORS), help="how it is made (default: dfs)")
    drawn.add_argument("--size", type=_size, default=(8, 8), metavar="N|RxC", help="rows and columns (default: 8)")
    drawn.add_argument("--seed", type=int, default=0, help="a whole number below 2**64 (default: 0)")
    drawn.add_argument(
        "--share", type=float, help="of open walls (percolation) or of dead ends that are opened (braided), 0 to 1"
    )
    drawn.add_argument(
        "--endpoints", default="random", choices=list(POLICIES), help="where S and G are put (default: random)"
    )
    drawn.add_argument("--at-least", type=int, metavar="N", help="moves from S to G (default: the longer side)")
    drawn.add_argument("--case", metavar="GROUP/ID", help="a case of the suite instead, such as small/dfs-0042")
    drawn.add_argument(
        "--drawing", default="unicode", choices=[*DRAWINGS, "all"], help="how it is drawn (default: unicode)"
    )
    drawn.add_argument("--glyphs", action="store_true", help="with random characters (block and spaced)")
    drawn.add_argument("--solution", action="store_true", help="mark a shortest path and print its moves")

    facts = commands.add_parser(
        "facts",
        help="what is in the suite",
        description="Print the groups of the suite, what the baseline agents solve, and how much of it is in the "
        "training stream (must be 0).",
    )
    facts.set_defaults(run=_facts, prog=facts.prog)
    facts.add_argument(
        "--training",
        type=int,
        default=100_000,
        metavar="N",
        help="training mazes to look at, for each size (default: %(default)s)",
    )

    output = commands.add_parser(
        "export",
        help="write the suite for use outside",
        description="Write the cases to a file of JSON lines (PATH ends in .jsonl) or into a folder for `datasets`.",
    )
    output.set_defaults(run=_export, prog=output.prog)
    output.add_argument("path", type=Path, metavar="PATH")
    output.add_argument("--group", action="append", metavar="GROUP", help="only this group; may be repeated")
    output.add_argument("--drawing", default="compact", choices=list(DRAWINGS), help="(default: %(default)s)")
    output.add_argument("--prompt", default="plain", choices=PROMPT_STYLES, help="(default: %(default)s)")
    output.add_argument("--language", default="en", choices=list(LANGUAGES), help="(default: %(default)s)")
    output.add_argument("--shots", type=int, default=0, metavar="K", help="examples before the question")
    output.add_argument("--reasoning", action="store_true", help="ask for thoughts before the answer (chat only)")
    output.add_argument("--glyphs", action="store_true", help="random characters for each case (block and spaced only)")
    for command in (drawn, facts, output):
        command.add_argument("--suite", default=DEFAULT, choices=list(SUITES), help="(default: %(default)s)")
    return parser


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})(?:x(\d{1,3}))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number, such as 12, nor rows x columns, such as 5x8")
    return int(match[1]), int(match[2] or match[1])


def _draw(options: argparse.Namespace) -> None:
    maze, glyphs, title = _choose_maze(options)
    if options.glyphs:
        glyphs = Glyphs.random(title)
    answer = solution(maze) if options.solution else None
    moves = (answer.moves or "") if answer else ""
    print(title)
    for name in DRAWINGS if options.drawing == "all" else [options.drawing]:
        if options.drawing == "all":
            print(f"\n{name}:")
        marked = isinstance(DRAWINGS[name], Grid) and moves
        # where each of them is drawn, only some take glyphs
        own = glyphs if options.drawing != "all" or DRAWINGS[name].glyph_step else None
        print(draw_path(maze, moves, name, own, "•" if name == "unicode" else ".") if marked else draw(maze, name, own))
    measured = covariates(maze)
    facts = [
        f"{field.name.replace('_', ' ')} {getattr(measured, field.name)}"
        for field in fields(measured)
        if getattr(measured, field.name) is not None
    ]
    print("\n" + ", ".join(facts))
    if answer:
        print(f"solution: {answer.moves or answer.why}")


def _choose_maze(options: argparse.Namespace) -> tuple[Maze, Glyphs | None, str]:
    """The maze, the characters that belong to it, and what it is called."""
    if options.case:
        group, _, name = options.case.partition("/")
        suite = SUITES[options.suite]
        cases = {case.id: case for case in suite.cases(group)}
        if name not in cases:
            raise MazeError(f"no case {name!r} in {group}; they run from {min(cases)} to {max(cases)}")
        return cases[name].maze, cases[name].glyphs, f"{suite.name} {options.case}"
    (rows, cols), at_least = options.size, options.at_least
    if at_least is None:
        at_least = max(rows, cols)
    maze = generate(options.generator, rows, cols, options.seed, at_least, options.endpoints, options.share)
    return maze, None, f"{options.generator} {rows}x{cols}, seed {options.seed}"


def _facts(options: argparse.Namespace) -> None:
    suite = SUITES[options.suite]
    if (digest := suite.compute_digest()) != suite.digest:
        raise MazeError(f"the suite has digest {digest} where {suite.digest} was expected: it is not {suite.name}")
    total = sum(len(suite.cases(group)) for group in suite.groups)
    print(f"{suite.name}: {total} cases in {len(suite.groups)} groups, digest {suite.digest}\n")
    bar = tqdm(suite.groups, desc="groups", unit="group", leave=False, file=sys.stderr)
    heads = ["group", "shape", "cases", "generators", "layouts", "path", "turns", "junctions", "dead ends", "loops"]
    print(tabulate([astuple(sheet.facts(suite, group)) for group in bar], headers=heads))
    print("\nmedians over the cases; layouts up to rotation and reflection; path is least - median - most\n")

    own = [group for group, known in suite.groups.items() if not known.source]
    bar = tqdm(own, desc="baseline agents", unit="group", leave=False, file=sys.stderr)
    rows = [
        [group, *(f"{right:.1f} ({best:.1f})" for right, best in sheet.baselines(suite, group).values())]
        for group in bar
    ]
    print("solved without a model, in percent (and optimal):\n")
    print(
        tabulate(rows, headers=["group", *AGENTS], colalign=("left", *["right"] * len(AGENTS)), disable_numparse=True)
    )

    rows = []
    tiers = [tier for tier in suite.tiers if suite.groups[tier].rows <= _LARGEST_LEAK]
    with tqdm(total=2 * len(tiers) * options.training, unit="maze", leave=False, file=sys.stderr) as progress:
        for tier in tiers:
            guarded, naive = sheet.leaks(suite, tier, options.training, progress.update)
            shape = f"{suite.groups[tier].rows}x{suite.groups[tier].cols}"
            rows.append(
                [
                    shape,
                    f"{guarded.met} of {guarded.layouts}",
                    f"{naive.met} of {naive.layouts} ({100 * naive.share:.1f} %)",
                    f"{naive.exact_met} of {naive.exact_layouts}",
                ]
            )
    print(f"\nlayouts of the suite among {options.training:,} training mazes of each size, up to symmetry:\n")
    print(tabulate(rows, headers=["shape", "with the guard", "without it", "without it, unturned"]))


def _export(options: argparse.Namespace) -> None:
    suite = SUITES[options.suite]
    groups = options.group or list(suite.groups)
    if unknown := [group for group in groups if group not in suite.groups]:
        raise MazeError(f"no group {unknown[0]!r}; there are {', '.join(suite.groups)}")
    prompt_options = PromptOptions(
        options.drawing, options.prompt, options.language, options.shots, options.reasoning, options.glyphs
    )
    total = sum(len(suite.cases(group)) for group in groups)
    with tqdm(total=total, desc="export", unit="case", file=sys.stderr) as bar:
        export(options.path, suite, groups, prompt_options, bar.update)
    print(f"wrote {total} cases to {options.path}")


if __name__ == "__main__":
    sys.exit(main())

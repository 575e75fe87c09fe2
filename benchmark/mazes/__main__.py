"""The command line of the mazes: draw a maze, print facts about a suite, export a suite.

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
from .prompt import LANGUAGES, PROMPT_STYLES, TRAINED, WORDINGS, PromptOptions
from .suite import DEFAULT, SUITES

_LARGEST_LEAK = 8  # rows; in larger tiers random training mazes practically never repeat a layout


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, or 2 for a request that is impossible; see also `run_piped`."""
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

    drawn = commands.add_parser(
        "draw", help="show a maze", description="Show a maze, and with --solution a shortest path through it."
    )
    drawn.set_defaults(run=_draw, prog=drawn.prog)
    drawn.add_argument(
        "--generator", default="dfs", choices=list(GENERATORS), help="the generator of the maze (default: %(default)s)"
    )
    drawn.add_argument(
        "--size", type=_size, default=(8, 8), metavar="N|RxC", help="number of rows and columns (default: 8)"
    )
    drawn.add_argument("--seed", type=int, default=0, help="an integer from 0 to 2**64 - 1 (default: %(default)s)")
    drawn.add_argument(
        "--share",
        type=float,
        help="for percolation the share of inner walls that are open, for braided the share of dead ends that are "
        "opened, from 0 to 1",
    )
    drawn.add_argument(
        "--endpoints", default="random", choices=list(POLICIES), help="where S and G are placed (default: %(default)s)"
    )
    drawn.add_argument(
        "--at-least",
        type=int,
        metavar="N",
        help="the smallest distance from S to G, in moves (default: max(R, C))",
    )
    drawn.add_argument("--case", metavar="GROUP/ID", help="show this case of the suite, for example small/dfs-0042")
    drawn.add_argument(
        "--drawing", default="unicode", choices=[*DRAWINGS, "all"], help="the drawing (default: %(default)s)"
    )
    drawn.add_argument("--glyphs", action="store_true", help="draw with random characters (block and spaced only)")
    drawn.add_argument(
        "--solution", action="store_true", help="mark a shortest path in the drawing and print its moves"
    )

    facts = commands.add_parser(
        "facts",
        help="print facts about the suite",
        description="Print the groups of the suite, the share of mazes that each baseline agent solves, and the number "
        "of layouts that also occur in the training stream (must be 0).",
    )
    facts.set_defaults(run=_facts, prog=facts.prog)
    facts.add_argument(
        "--training",
        type=int,
        default=100_000,
        metavar="N",
        help="number of training mazes of each size to search (default: %(default)s)",
    )

    output = commands.add_parser(
        "export",
        help="write the suite to files",
        description="Write the cases to a JSON Lines file (PATH ends in .jsonl) or a folder that `datasets` can load.",
    )
    output.set_defaults(run=_export, prog=output.prog)
    output.add_argument("path", type=Path, metavar="PATH")
    output.add_argument(
        "--group", action="append", metavar="GROUP", help="export only this group; may be given several times"
    )
    output.add_argument(
        "--drawing", default="compact", choices=list(DRAWINGS), help="the drawing (default: %(default)s)"
    )
    output.add_argument(
        "--prompt", default="plain", choices=PROMPT_STYLES, help="the prompt style (default: %(default)s)"
    )
    output.add_argument(
        "--language", default="en", choices=list(LANGUAGES), help="the language of the prompt (default: %(default)s)"
    )
    output.add_argument(
        "--shots", type=int, default=0, metavar="K", help="number of solved examples before the question"
    )
    output.add_argument(
        "--wording",
        choices=list(WORDINGS),
        default=TRAINED,
        help="the wording, see docs/prompts.md (default: %(default)s)",
    )
    output.add_argument("--reasoning", action="store_true", help="ask for reasoning before the answer (chat only)")
    output.add_argument(
        "--glyphs", action="store_true", help="draw each case with its own random characters (block and spaced only)"
    )
    for command in (drawn, facts, output):
        command.add_argument("--suite", default=DEFAULT, choices=list(SUITES), help="the suite (default: %(default)s)")
    return parser


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})(?:x(\d{1,3}))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a number, for example 12, nor ROWSxCOLUMNS, for example 5x8"
        )
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
        # --drawing all includes drawings that take no glyphs; a single drawing of this kind is an error of `draw`
        used = glyphs if options.drawing != "all" or DRAWINGS[name].glyph_step else None
        if marked:
            print(draw_path(maze, moves, name, used, "•" if name == "unicode" else "."))
        else:
            print(draw(maze, name, used))
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
    """Return the maze, its random characters (None: the usual ones), and the title to print."""
    if options.case:
        group, _, name = options.case.partition("/")
        suite = SUITES[options.suite]
        cases = {case.id: case for case in suite.cases(group)}
        if name not in cases:
            raise MazeError(f"no case {name!r} in {group}: the cases run from {min(cases)} to {max(cases)}")
        return cases[name].maze, cases[name].glyphs, f"{suite.name} {options.case}"
    (rows, cols), at_least = options.size, options.at_least
    if at_least is None:
        at_least = max(rows, cols)
    maze = generate(
        options.generator,
        rows,
        cols,
        options.seed,
        at_least=at_least,
        endpoints=options.endpoints,
        share=options.share,
    )
    return maze, None, f"{options.generator} {rows}x{cols}, seed {options.seed}"


def _facts(options: argparse.Namespace) -> None:
    suite = SUITES[options.suite]
    if (digest := suite.compute_digest()) != suite.digest:
        raise MazeError(
            f"the cases of {suite.name} have the digest {digest}, expected {suite.digest}: the code that makes "
            "the mazes has changed, so the results of earlier runs are not comparable"
        )
    total = sum(len(suite.cases(group)) for group in suite.groups)
    print(f"{suite.name}: {total} cases in {len(suite.groups)} groups, digest {suite.digest}\n")
    bar = tqdm(suite.groups, desc="groups", unit="group", leave=False, file=sys.stderr)
    heads = ["group", "shape", "cases", "generators", "layouts", "path", "turns", "junctions", "dead ends", "loops"]
    print(tabulate([astuple(sheet.facts(suite, group)) for group in bar], headers=heads))
    print(
        "\nturns, junctions, dead ends, loops: medians over the cases; layouts: rotations and reflections counted once;"
        " path: minimum - median - maximum\n"
    )

    # groups with a source have the mazes of another group, so that the agents solve as many of them
    original = [name for name, group in suite.groups.items() if not group.source]
    bar = tqdm(original, desc="baseline agents", unit="group", leave=False, file=sys.stderr)
    rows = [
        [group, *(f"{right:.1f} ({best:.1f})" for right, best in sheet.baselines(suite, group).values())]
        for group in bar
    ]
    print("Solved by the baseline agents, in % of the cases (in parentheses: with a shortest path):\n")
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
    print(
        f"\nLayouts of the suite that occur in {options.training:,} training mazes of their size, in any orientation:\n"
    )
    print(tabulate(rows, headers=["shape", "with the split", "without it", "without it, same orientation"]))


def _export(options: argparse.Namespace) -> None:
    suite = SUITES[options.suite]
    groups = options.group or list(suite.groups)
    if unknown := [group for group in groups if group not in suite.groups]:
        raise MazeError(f"no group {unknown[0]!r} in {suite.name}; the groups are {', '.join(suite.groups)}")
    prompt_options = PromptOptions(
        options.drawing,
        options.prompt,
        options.language,
        options.shots,
        options.reasoning,
        options.glyphs,
        wording=options.wording,
    )
    total = sum(len(suite.cases(group)) for group in groups)
    with tqdm(total=total, desc="export", unit="case", file=sys.stderr) as bar:
        export(options.path, suite, groups, prompt_options, bar.update)
    print(f"wrote {total} cases to {options.path}")


if __name__ == "__main__":
    sys.exit(main())

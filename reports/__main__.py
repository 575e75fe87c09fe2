"""Saved runs: list them, show them, compare two, remove old ones.

    python -m reports list
    python -m reports show nightly --report markdown
    python -m reports compare nightly runs/20261123T081503Z-mine.jsonl --fail-on accuracy:2%
    python -m reports diff nightly latest               # every case whose outcome changed
    python -m reports leaderboard                       # the most complete run of each checkpoint, ranked
    python -m reports leaderboard --readme README.md    # the same between two markers of a file
    python -m reports mri base sft dpo --html mri.html  # what fine-tuning changed inside
    python -m reports prune --keep 20 --dry-run         # what would be removed

Exit codes: 0 success, 1 worse (for `diff`: different; for `leaderboard --check`: out of date), 2 a file cannot be read,
compared or written, 130 stopped by Ctrl-C, 141 the reader of the output (`| head`) has closed it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tabulate import tabulate

from benchmark.mazes.errors import LabirintoError, RunError
from benchmark.mazes.pipe import run_piped
from benchmark.mazes.printable import printable
from benchmark.mazes.suite import DEFAULT, SUITES
from models.options import add_checkpoint_options

from . import saved
from .comparison import ALL, compare
from .leaderboard import boards
from .options import RUN_HELP, fail_on_help, report_help
from .render import FORMATS, parse_report_option, save
from .render.markdown import render_boards
from .render.terminal import render as render_table
from .render.terminal import render_board, render_changes, render_outcomes
from .report import build_report
from .run import Run
from .selection import Selection, select
from .verdict import find_drops, parse_margins

HERE = Path()  # relative, so that files are shown relative to the current folder
MARKERS = ("<!-- leaderboard -->", "<!-- /leaderboard -->")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (see above)."""
    return run_piped(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        return command

    add("list", _list, "list all saved runs, the newest last, and the files that cannot be read")
    show = add("show", _show, "show the tables of one or more runs")
    show.add_argument("runs", nargs="+", metavar="RUN", help=RUN_HELP)
    show.add_argument(
        "--report",
        type=parse_report_option,
        metavar="FORMAT[=PATH]",
        help=f"write a report instead, to a file or the terminal. {report_help()}",
    )
    comparison = add(
        "compare", _compare, "test whether the second run is worse than the first, as `pytest benchmark --compare` does"
    )
    comparison.add_argument("before", metavar="BEFORE", help=RUN_HELP)
    comparison.add_argument("after", metavar="AFTER")
    comparison.add_argument(
        "--fail-on",
        type=parse_margins,
        default={("accuracy", ALL): 0.0},
        metavar="MEASURE:MARGIN",
        help=fail_on_help(),
    )
    comparison.add_argument("--show-changes", action="store_true", help="list the mazes that were broken and fixed")
    diff = add("diff", _diff, "list each case whose outcome differs between two runs")
    diff.add_argument("before", metavar="BEFORE", help=RUN_HELP)
    diff.add_argument("after", metavar="AFTER")
    board = add(
        "leaderboard", _leaderboard, "rank checkpoints by the mazes that they solve, from all saved runs or some"
    )
    board.add_argument("runs", nargs="*", metavar="RUN", help="(default: the most complete run of each checkpoint)")
    board.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help=f"write the leaderboard between the lines {MARKERS[0]} and {MARKERS[1]} of a file",
    )
    board.add_argument(
        "--check", action="store_true", help="with --readme: write nothing, exit with 1 if the file is out of date"
    )
    _add_mri(add("mri", _mri, "compare the activations of a base with those of its fine-tunes"))
    old = add("prune", _prune, "remove all but the newest runs of `runs/`; named runs and baselines stay")
    old.add_argument(
        "--keep", type=_count, default=20, metavar="N", help="how many runs to keep, from 0 (default: %(default)s)"
    )
    old.add_argument("--dry-run", action="store_true", help="remove nothing, list what would be removed")
    old.add_argument(
        "--yes", action="store_true", help="do not ask for confirmation (without a terminal there is no question)"
    )
    options = parser.parse_args(arguments)
    if options.command == "leaderboard" and options.check and not options.readme:
        board.error("--check needs --readme FILE")
    try:
        return int(options.run(options))
    except LabirintoError as error:
        print(error, file=sys.stderr)
        return 2


def _count(text: str) -> int:
    """Parse an integer of 0 or more, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of 0 or more")
    return int(text)


def _list(_: argparse.Namespace) -> int:
    provenances, errors = saved.provenances(HERE)
    rows = []
    for file, provenance in provenances.items():
        row = [
            str(file),
            provenance.saved_as,
            provenance.checkpoint.name,
            provenance.suite,
            provenance.engine.engine,
            provenance.started,
            None if provenance.ended else "cut off",
        ]
        rows.append([" ".join(printable(text or "").split()) for text in row])
    rows.sort(key=lambda row: row[5])
    heads = ["file", "name", "checkpoint", "suite", "engine", "started", ""]
    print(tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True))
    for error in errors:
        print(error, file=sys.stderr)
    return 2 if errors else 0


def _show(options: argparse.Namespace) -> int:
    runs = _named(options.runs)
    report = build_report(runs)
    if not len(report.table):
        raise RunError(f"{', '.join(options.runs)}: no case has a reply, so there is nothing to show")
    if options.report:
        name, path = options.report
        text = FORMATS[name].write(report)
        if path:
            save(text, path)
        print(f"wrote {path}" if path else text, end="\n" if path else "")
        return 0
    print(render_table(report.table))
    print()
    print(render_outcomes(report.table[report.table.checkpoint.isin(list(runs))]))
    for note in report.notes:
        print(note)
    return 0


def _named(names: Sequence[str]) -> dict[str, Run]:
    """Return the runs by checkpoint name; where two runs have the same one, the file name is added."""
    runs: dict[str, Run] = {}
    for name in names:
        file, run = saved.find(HERE, name)
        checkpoint = run.checkpoint or file.stem
        runs[f"{checkpoint} ({file.stem})" if checkpoint in runs else checkpoint] = run
    return runs


def _compare(options: argparse.Namespace) -> int:
    (file, before), (_, after) = (saved.find(HERE, name) for name in (options.before, options.after))
    comparison = compare(before, after, options.fail_on)
    print(render_changes(comparison, options.show_changes))
    name = after.checkpoint or options.after
    reasons = find_drops({name: (str(file), comparison)}, options.fail_on)
    for reason in reasons:
        print(reason, file=sys.stderr)
    return 1 if reasons else 0


def _diff(options: argparse.Namespace) -> int:
    before, after = (
        {record.place: record for record in saved.find(HERE, name)[1].records}
        for name in (options.before, options.after)
    )
    changed = 0
    for place in sorted({*before, *after}):
        pair = before.get(place), after.get(place)
        outcomes = [record.outcome if record else "(not asked)" for record in pair]
        if outcomes[0] != outcomes[1]:
            changed += 1
            record = pair[0] or pair[1]
            assert record
            print(
                f"{record.group}/{record.case}{f'/{record.sample}' if record.sample else ''}: {' -> '.join(outcomes)}"
            )
    print(f"{changed} of {len({*before, *after})} replies have another outcome")
    return 1 if changed else 0


def _leaderboard(options: argparse.Namespace) -> int:
    selection = Selection(_named(options.runs)) if options.runs else select(HERE)
    for line in (*selection.errors, *map(printable, selection.notes)):
        print(line, file=sys.stderr)
    ranked = boards(selection.runs)
    if not ranked:
        raise RunError("no saved run has a case of any tier: `pytest benchmark` saves one run for each checkpoint")
    if not options.readme:
        print("\n\n".join(map(render_board, ranked)))
        return 0
    return _into(options.readme, render_boards(ranked), options.check)


def _into(file: Path, text: str, is_check: bool) -> int:
    """Write a text between the markers of a file. Raises RunError where the file has no markers."""
    try:
        before = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {file}: {error}") from error
    first, last = (before.find(marker) for marker in MARKERS)
    if not 0 <= first < last:
        raise RunError(
            f"{file} has no place for the leaderboard: add the lines {MARKERS[0]} and {MARKERS[1]} where it belongs"
        )
    after = f"{before[: first + len(MARKERS[0])]}\n\n{text}\n\n{before[last:]}"
    if is_check:
        stale = f"out of date: python -m reports leaderboard --readme {file}"
        print(f"{file} is {'up to date' if after == before else stale}")
        return int(after != before)
    if after != before:
        save(after, file)
    print(f"{file}: {'written' if after != before else 'unchanged'}")
    return 0


def _add_mri(command: argparse.ArgumentParser) -> None:
    command.add_argument("base", metavar="BASE", help="a name, path or hub id, as for `pytest benchmark --checkpoint`")
    command.add_argument("tuned", nargs="+", metavar="TUNED", help="one or more fine-tunes of BASE")
    command.add_argument("--texts", type=int, default=256, metavar="N", help="number of mazes (default: %(default)s)")
    command.add_argument(
        "--tiers",
        nargs="+",
        choices=SUITES[DEFAULT].tiers,
        default=["tiny", "small", "medium"],
        help="tiers of the mazes (default: tiny small medium)",
    )
    command.add_argument(
        "--reducer",
        action="append",
        choices=("SVD", "PCA", "UMAP"),
        help="a reducer of LLM-MRI; may be given several times (default: SVD; UMAP is slow, and differs each time)",
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write tables and charts as a page")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    add_checkpoint_options(command.add_argument)


def _mri(options: argparse.Namespace) -> int:
    from .inside import run_command  # torch

    return run_command(options, HERE)


def _prune(options: argparse.Namespace) -> int:
    provenances, _ = saved.provenances(HERE)  # a file that cannot be read may not be a run: it is never removed
    unnamed = sorted(
        (provenance.started, file)
        for file, provenance in provenances.items()
        if file.parent.name == saved.FOLDER and not provenance.saved_as
    )
    old = [file for _, file in unnamed[: max(0, len(unnamed) - options.keep)]]
    for file in old:
        print(printable(f"{'would remove' if options.dry_run else 'remove'} {file}"))
    if old and not options.dry_run and not options.yes and not _is_agreed(f"remove these {len(old)} runs?"):
        print("nothing was removed")
        return 0
    errors = [] if options.dry_run else _remove(old)
    for error in errors:
        print(printable(error), file=sys.stderr)
    word = "would remove" if options.dry_run else "removed"
    print(f"{word} {len(old) - len(errors)} of {len(unnamed)} runs without a name")
    return 2 if errors else 0


def _is_agreed(question: str) -> bool:
    """Ask the user for confirmation; True without a terminal."""
    if not (sys.stdin and sys.stdin.isatty()):
        return True
    try:
        return input(f"{question} [y/N] ").strip().casefold() in ("y", "yes")
    except EOFError:
        return False


def _remove(files: Sequence[Path]) -> list[str]:
    """Remove files and return a message for each file that could not be removed."""
    errors = []
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            errors.append(f"cannot remove {file}: {error.strerror}")
    return errors


if __name__ == "__main__":
    sys.exit(main())

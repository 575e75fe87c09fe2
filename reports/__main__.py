"""Saved runs: look at them, compare two, throw old ones away.

    python -m reports list
    python -m reports show nightly --report markdown
    python -m reports compare nightly runs/20261123T081503Z-mine.jsonl --fail-on accuracy:2%
    python -m reports diff nightly latest               # every case whose outcome changed
    python -m reports leaderboard                       # the most complete run of each checkpoint, ranked
    python -m reports leaderboard --readme README.md    # the same between two markers of a file
    python -m reports mri base sft dpo --html mri.html  # what fine-tuning changed inside
    python -m reports prune --keep 20 --dry-run         # what would go

Exit codes: 0 fine, 1 worse (of `diff` different, of `leaderboard --check` stale), 2 not to be read, compared or
written, 130 stopped by Ctrl-C, 141 whoever reads the output (`| head`) has closed it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.mazes.errors import LabirintoError, RunError
from benchmark.mazes.pipe import run_piped
from benchmark.mazes.printable import printable
from benchmark.mazes.suite import DEFAULT, SUITES
from models.options import add_checkpoint_options

from . import gates, render, report, saved, verdict
from .comparison import compare
from .leaderboard import boards
from .render.markdown import render_boards
from .render.terminal import render as render_table
from .render.terminal import render_board, render_changes, render_outcomes
from .run import Run
from .selection import Selection, select

HERE = Path()  # not its absolute name: files are called what they are called from here
MARKERS = ("<!-- leaderboard -->", "<!-- /leaderboard -->")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (see above)."""
    return run_piped(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], what: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run)
        return command

    add("list", _list, "all saved runs, the newest last; those that cannot be read are named")
    one = add("show", _show, "the tables of one run or several")
    one.add_argument("runs", nargs="+", metavar="RUN", help="a file, a name from --save, or `latest`")
    one.add_argument("--report", type=_report, metavar="FORMAT[=PATH]", help=f"instead: {', '.join(render.FORMATS)}")
    two = add(
        "compare", _compare, "whether the second run is worse than the first, as `pytest benchmark --compare` says it"
    )
    two.add_argument("before", metavar="BEFORE", help="a file, a name from --save, `latest` or `baseline`")
    two.add_argument("after", metavar="AFTER")
    two.add_argument(
        "--fail-on",
        type=gates.margins,
        default={("accuracy", "all"): 0.0},
        metavar="MEASURE:MARGIN",
        help="the drop that is allowed, as for `pytest benchmark`: accuracy:2%%, large.spl:3%% (default: accuracy:0%%)",
    )
    two.add_argument("--show-changes", action="store_true", help="name the mazes that were fixed and broken")
    other = add("diff", _diff, "each case whose outcome is another in the second run")
    other.add_argument("before", metavar="BEFORE", help="a file, a name from --save, `latest` or `baseline`")
    other.add_argument("after", metavar="AFTER")
    board = add("leaderboard", _leaderboard, "who walks best: all saved runs, or some")
    board.add_argument("runs", nargs="*", metavar="RUN", help="(default: the most complete of each checkpoint)")
    board.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help=f"write it between the lines {MARKERS[0]} and {MARKERS[1]} of a file",
    )
    board.add_argument("--check", action="store_true", help="with --readme: write nothing, say whether it is stale")
    _add_mri(add("mri", _mri, "what fine-tuning changed inside: activations of a base beside those of its fine-tunes"))
    old = add("prune", _prune, "remove all but the newest runs of `runs/`; named ones and baselines stay")
    old.add_argument(
        "--keep", type=_count, default=20, metavar="N", help="how many of them stay, from 0 (default: %(default)s)"
    )
    old.add_argument("--dry-run", action="store_true", help="remove nothing, list what would go")
    old.add_argument("--yes", action="store_true", help="do not ask (where the input is no terminal, nothing is asked)")
    options = parser.parse_args(arguments)
    if options.command == "leaderboard" and options.check and not options.readme:
        board.error("--check needs --readme FILE: there is nothing else that could be stale")
    try:
        return int(options.run(options))
    except LabirintoError as error:
        print(error, file=sys.stderr)
        return 2


def _count(text: str) -> int:
    """A whole number from 0, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _report(text: str) -> tuple[str, Path | None]:
    """What `--report` says, for argparse."""
    try:
        return render.chosen(text)
    except RuntimeError as error:  # ~nobody
        raise argparse.ArgumentTypeError(str(error)) from None


def _list(_: argparse.Namespace) -> int:
    from tabulate import tabulate

    provenances, errors = saved.provenances(HERE)
    rows = []
    for file, provenance in provenances.items():
        engine = provenance.get("engine", {}).get("engine", "")
        whose = [saved.checkpoint_name(provenance) or "", provenance.get("suite", ""), engine]
        state = "" if provenance.get("ended") else "cut off"
        row = [str(file), provenance.get("saved_as") or "", *whose, saved.start(provenance), state]
        rows.append([" ".join(printable(text).split()) for text in row])
    rows.sort(key=lambda row: row[5])
    heads = ["file", "name", "checkpoint", "suite", "engine", "started", ""]
    print(tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True))
    for error in errors:
        print(error, file=sys.stderr)
    return 2 if errors else 0


def _show(options: argparse.Namespace) -> int:
    runs = _named(options.runs)
    made = report.of(runs)
    if not len(made.table):
        raise RunError(f"there is no reply to show in {', '.join(options.runs)}")
    if options.report:
        name, path = options.report
        text = render.FORMATS[name](made)
        if path:
            render.save(text, path)
        print(f"wrote {path}" if path else text, end="\n" if path else "")
        return 0
    print(render_table(made.table))
    print()
    print(render_outcomes(made.table[made.table.checkpoint.isin(list(runs))]))
    for note in made.notes:
        print(note)
    return 0


def _named(names: Sequence[str]) -> dict[str, Run]:
    """The runs of these names, by their checkpoints' names, which are told apart by the files' where they are one."""
    found: dict[str, Run] = {}
    for name in names:
        file, run = saved.find(HERE, name)
        checkpoint = str(run.provenance.get("checkpoint", {}).get("name", file.stem))
        found[f"{checkpoint} ({file.stem})" if checkpoint in found else checkpoint] = run
    return found


def _compare(options: argparse.Namespace) -> int:
    (file, before), (_, after) = (saved.find(HERE, name) for name in (options.before, options.after))
    found = compare(before, after, options.fail_on)
    print(render_changes(found, options.show_changes))
    name = str(after.provenance.get("checkpoint", {}).get("name", options.after))
    reasons = verdict.red({name: (str(file), found)}, options.fail_on)
    for reason in reasons:
        print(reason, file=sys.stderr)
    return 1 if reasons else 0


def _diff(options: argparse.Namespace) -> int:
    before, after = (
        {line.place: line for line in saved.find(HERE, name)[1].lines} for name in (options.before, options.after)
    )
    changed = 0
    for place in sorted({*before, *after}):
        one, other = before.get(place), after.get(place)
        outcomes = [line.outcome if line else "(not asked)" for line in (one, other)]
        if outcomes[0] != outcomes[1]:
            changed += 1
            line = one or other
            assert line
            print(f"{line.group}/{line.case}{f'/{line.sample}' if line.sample else ''}: {' -> '.join(outcomes)}")
    print(f"{changed} of {len({*before, *after})} replies have another outcome")
    return 1 if changed else 0


def _leaderboard(options: argparse.Namespace) -> int:
    selection = Selection(_named(options.runs)) if options.runs else select(HERE)
    for line in (*selection.errors, *map(printable, selection.notes)):
        print(line, file=sys.stderr)
    ranked = boards(selection.runs)
    if not ranked:
        raise RunError("there is no saved run of any tier: `pytest benchmark` saves one for each checkpoint")
    if not options.readme:
        print("\n\n".join(map(render_board, ranked)))
        return 0
    return _into(options.readme, render_boards(ranked), options.check)


def _into(file: Path, text: str, is_check: bool) -> int:
    """Put a text between the markers of a file. Raises RunError where there are none."""
    try:
        before = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {file}: {error}") from error
    first, last = (before.find(marker) for marker in MARKERS)
    if not 0 <= first < last:
        raise RunError(f"{file} has no place for it: put the lines {MARKERS[0]} and {MARKERS[1]} where it belongs")
    after = f"{before[: first + len(MARKERS[0])]}\n\n{text}\n\n{before[last:]}"
    if is_check:
        print(
            f"{file} is {'fresh' if after == before else 'stale: python -m reports leaderboard --readme ' + str(file)}"
        )
        return int(after != before)
    if after != before:
        render.save(after, file)
    print(f"{file}: {'written' if after != before else 'nothing has changed'}")
    return 0


def _add_mri(command: argparse.ArgumentParser) -> None:
    command.add_argument("base", metavar="BASE", help="a name, path or hub id, as for `pytest benchmark --checkpoint`")
    command.add_argument("tuned", nargs="+", metavar="TUNED", help="what was made from it")
    command.add_argument("--texts", type=int, default=256, metavar="N", help="mazes to look at (default: %(default)s)")
    command.add_argument(
        "--tiers",
        nargs="+",
        choices=SUITES[DEFAULT].tiers,
        default=["tiny", "small", "medium"],
        help="(default: tiny small medium)",
    )
    command.add_argument(
        "--reducer",
        action="append",
        choices=("SVD", "PCA", "UMAP"),
        help="LLM-MRI's, may be repeated (default: SVD; UMAP is slow, and another one each time)",
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write tables and pictures as a page")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    add_checkpoint_options(command.add_argument)


def _mri(options: argparse.Namespace) -> int:
    from models.registry import choose, find

    from .mri import render as drawn
    from .mri.diff import diff, runs_of

    choices = choose(options, HERE)
    base, *tuned = (find(name, choices) for name in (options.base, *options.tuned))
    known = runs_of(select(HERE).runs, [base, *tuned])
    made = diff(base, tuned, options.texts, options.tiers, options.reducer or ["SVD"], known)
    print(drawn.text(made))
    for path, write in ((options.html, drawn.page), (options.json, drawn.as_json), (options.markdown, drawn.markdown)):
        if path:
            render.save(write(made), path)
            print(f"wrote {path}")
    return 0


def _prune(options: argparse.Namespace) -> int:
    provenances, _ = saved.provenances(HERE)  # a file that cannot be read is not ours to remove
    unnamed = sorted(
        (saved.start(provenance), file)
        for file, provenance in provenances.items()
        if file.parent.name == saved.FOLDER and not provenance.get("saved_as")
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
    print(f"{word} {len(old) - len(errors)} of {len(unnamed)} runs that have no name")
    return 2 if errors else 0


def _is_agreed(question: str) -> bool:
    """Ask at a terminal; a script is not asked."""
    if not (sys.stdin and sys.stdin.isatty()):
        return True
    try:
        return input(f"{question} [y/N] ").strip().casefold() in ("y", "yes")
    except EOFError:
        return False


def _remove(files: Sequence[Path]) -> list[str]:
    """Remove files; a sentence for each that could not be."""
    errors = []
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            errors.append(f"cannot remove {file}: {error.strerror}")
    return errors


if __name__ == "__main__":
    sys.exit(main())

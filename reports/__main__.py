"""Saved runs: look at them, compare two, throw old ones away.

    python -m reports list
    python -m reports show nightly --report markdown
    python -m reports compare nightly runs/20261123T081503Z-mine.jsonl --fail-on accuracy:2%
    python -m reports diff nightly latest               # every case whose outcome changed
    python -m reports leaderboard                       # the newest run of each checkpoint, ranked
    python -m reports leaderboard --readme README.md    # the same between two markers of a file
    python -m reports mri base sft dpo --html mri.html  # what fine-tuning changed inside
    python -m reports prune --keep 20

Exit codes: 0 fine, 1 worse (of `diff` different, of `leaderboard --check` stale), 2 not to be read or compared, 130
stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.mazes.errors import LabirintoError, RunError
from benchmark.mazes.suite import TIERS

from . import gates, render, report, saved, verdict
from .comparison import compare
from .leaderboard import boards
from .render.markdown import render_boards
from .render.terminal import render as render_table
from .render.terminal import render_board, render_changes, render_outcomes
from .run import Run, about, replace_text

HERE = Path()  # not its absolute name: files are called what they are called from here
MARKERS = ("<!-- leaderboard -->", "<!-- /leaderboard -->")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
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
    one.add_argument(
        "--report", type=render.chosen, metavar="FORMAT[=PATH]", help=f"instead: {', '.join(render.FORMATS)}"
    )
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
    board.add_argument("runs", nargs="*", metavar="RUN", help="(default: the newest of each checkpoint)")
    board.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help=f"write it between the lines {MARKERS[0]} and {MARKERS[1]} of a file",
    )
    board.add_argument("--check", action="store_true", help="with --readme: write nothing, say whether it is stale")
    _add_mri(add("mri", _mri, "what fine-tuning changed inside: activations of a base beside those of its fine-tunes"))
    old = add("prune", _prune, "remove all but the newest runs of `runs/`; named ones and baselines stay")
    old.add_argument("--keep", type=int, default=20, metavar="N", help="how many of them stay (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except LabirintoError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def _list(_: argparse.Namespace) -> int:
    from tabulate import tabulate

    rows, spoilt = [], []
    for file in saved.files(HERE):
        try:
            said = about(file)
        except RunError as error:
            spoilt.append(str(error))
            continue
        shown = str(file)
        checkpoint, engine = said.get("checkpoint", {}), said.get("engine", {})
        state = "" if said.get("ended") else "cut off"
        whose = [checkpoint.get("name", ""), said.get("suite", ""), engine.get("engine", "")]
        rows.append([shown, said.get("saved_as", ""), *whose, said.get("started", ""), state])
    rows.sort(key=lambda row: row[5])
    heads = ["file", "name", "checkpoint", "suite", "engine", "started", ""]
    print(tabulate(rows, headers=heads, tablefmt="simple"))
    for line in spoilt:
        print(line, file=sys.stderr)
    return 2 if spoilt else 0


def _show(options: argparse.Namespace) -> int:
    runs = _named(options.runs)
    made = report.of(runs)
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
    runs, spoilt = (_named(options.runs), []) if options.runs else saved.newest(HERE)
    for line in spoilt:
        print(line, file=sys.stderr)
    found = boards(runs)
    if not found:
        raise RunError("there is no saved run of any tier: `pytest benchmark` saves one for each checkpoint")
    if not options.readme:
        print("\n\n".join(map(render_board, found)))
        return 0
    return _into(options.readme, render_boards(found), options.check)


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
        replace_text(file, after)
    print(f"{file}: {'written' if after != before else 'nothing has changed'}")
    return 0


def _add_mri(command: argparse.ArgumentParser) -> None:
    command.add_argument("base", metavar="BASE", help="a name, path or hub id, as for `pytest benchmark --checkpoint`")
    command.add_argument("tuned", nargs="+", metavar="TUNED", help="what was made from it")
    command.add_argument("--texts", type=int, default=256, metavar="N", help="mazes to look at (default: %(default)s)")
    command.add_argument(
        "--tiers", nargs="+", choices=TIERS, default=["tiny", "small", "medium"], help="(default: tiny small medium)"
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
    command.add_argument("--checkpoints", metavar="FILE", help="a TOML file with names of your own for checkpoints")
    command.add_argument("--lora", action="store_true", help="recipes train LoRA adapters, and not all weights")
    command.add_argument("--trust-remote-code", action="store_true", help="run the code that lies beside a model")
    command.set_defaults(rebuild_base=False)


def _mri(options: argparse.Namespace) -> int:
    from models.registry import choose, find

    from .mri import render as drawn
    from .mri.diff import diff, runs_of

    choices = choose(options, HERE)
    base, *tuned = (find(name, choices) for name in (options.base, *options.tuned))
    known = runs_of(saved.newest(HERE)[0], [base, *tuned])
    made = diff(base, tuned, options.texts, options.tiers, options.reducer or ["SVD"], known)
    print(drawn.text(made))
    for path, write in ((options.html, drawn.page), (options.json, drawn.as_json), (options.markdown, drawn.markdown)):
        if path:
            render.save(write(made), path)
            print(f"wrote {path}")
    return 0


def _prune(options: argparse.Namespace) -> int:
    unnamed = []
    for file in saved.files(HERE):
        if file.parent.name == saved.FOLDER:
            try:
                said = about(file)
            except RunError:
                continue  # not ours to remove
            if not said.get("saved_as"):
                unnamed.append((str(said.get("started", "")), file))
    unnamed.sort()
    gone = unnamed[: max(0, len(unnamed) - options.keep)]
    for _, file in gone:
        file.unlink()
    print(f"removed {len(gone)} of {len(unnamed)} runs that have no name")
    return 0


if __name__ == "__main__":
    sys.exit(main())

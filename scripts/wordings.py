"""Compares the wordings of the question: how many replies of a model can be read, and how many mazes they solve.

    python -m scripts.wordings --checkpoint smollm2 --checkpoint ./gemma.gguf --limit 24

Each model is asked in its prompt styles (chat only with a chat template) with each wording and number of examples. The
table is that of docs/prompts.md. Replies are cached: repeat the command to resume.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from tabulate import tabulate

from benchmark.mazes import answer
from benchmark.mazes.errors import LabirintoError
from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.prompt import LANGUAGES, PROMPT_STYLES, WORDINGS, PromptOptions
from benchmark.mazes.score import score
from benchmark.mazes.suite import DEFAULT, SUITES, Case
from models import registry
from models.checkpoints import Checkpoint
from models.inference.options import InferenceOptions
from models.inference.plan import Plan
from models.options import add_checkpoint_options
from models.requests import Reply
from reports.statistics import wilson

HEADS = (
    "checkpoint",
    "prompt",
    "wording",
    "shots",
    "n",
    "readable %",
    "95 % interval",
    "solved %",
    "cut off %",
    "tokens",
)
MOST_TOKENS = 96
"""Enough for the answers of tiny mazes."""


@dataclass(frozen=True)
class Asked:
    """One checkpoint, asked in one way."""

    checkpoint: Checkpoint
    prompt: PromptOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, and print a row for each checkpoint and prompt."""
    options = _parser().parse_args(arguments)
    try:
        cases = SUITES[DEFAULT].cases(options.tier)[: options.limit]
        asked = list(_list_asked(options))
        plan = Plan(
            [(one.checkpoint, case) for one in asked for case in cases],
            {one.checkpoint.name: one.prompt for one in asked},
            InferenceOptions(options.engine),
        )
        rows = []
        try:
            for one in asked:
                print(f"{one.checkpoint.name} ...", file=sys.stderr, flush=True)
                plan.ask(one.checkpoint)
                replies = [plan.replies(one.checkpoint, case)[0] for case in cases]
                rows.append(_row(one, cases, replies))
                for reply in replies[: options.show]:
                    print(repr(reply.text), file=sys.stderr)
        finally:
            plan.close()
    except LabirintoError as error:
        print(error, file=sys.stderr)
        return 2
    print(tabulate(rows, headers=HEADS, tablefmt="github", disable_numparse=True))
    return 0


def _list_asked(options: argparse.Namespace) -> Iterator[Asked]:
    """Every checkpoint in every way, each under a name of its own, as a plan needs it."""
    choices = registry.choose(options, Path())
    for name in options.checkpoint:
        checkpoint = registry.find(name, choices)
        limited = replace(checkpoint.options, max_new_tokens=checkpoint.options.max_new_tokens or MOST_TOKENS)
        for style in options.prompts:
            if style == "chat" and checkpoint.prompt_style != "chat":
                continue
            for wording in options.wordings:
                for shots in options.shots:
                    renamed = replace(
                        checkpoint, name=f"{checkpoint.name}, {style}, {wording}, {shots}", options=limited
                    )
                    yield Asked(
                        renamed,
                        PromptOptions(prompt_style=style, language=options.language, shots=shots, wording=wording),
                    )


def _row(asked: Asked, cases: Sequence[Case], replies: Sequence[Reply]) -> list[str]:
    n = len(cases)
    readings = [
        answer.read(reply.text, case.maze, asked.prompt.drawing, None, reply.truncated)
        for case, reply in zip(cases, replies, strict=True)
    ]
    readable = sum(reading.strict.is_readable for reading in readings)
    outcomes = [score(case.maze, reading.strict).outcome for case, reading in zip(cases, readings, strict=True)]
    low, high = wilson(readable, n)
    name, *_ = asked.checkpoint.name.partition(",")
    shares = [readable / n, sum(outcome in SOLVED for outcome in outcomes) / n, outcomes.count("truncated") / n]
    readable_share, solved, cut_off = (f"{100 * share:.0f}" for share in shares)
    return [
        name,
        asked.prompt.prompt_style,
        asked.prompt.wording,
        str(asked.prompt.shots),
        str(n),
        readable_share,
        f"{100 * low:.0f} - {100 * high:.0f}",
        solved,
        cut_off,
        f"{fmean(reply.tokens for reply in replies):.0f}",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.wordings", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--checkpoint", action="append", required=True, metavar="NAME", help="may be given several times")
    add_checkpoint_options(add)
    add("--engine", default="auto", help="as for `pytest benchmark` (default: %(default)s)")
    add("--prompts", nargs="+", choices=PROMPT_STYLES, default=PROMPT_STYLES, help="default: both")
    add("--wordings", nargs="+", choices=list(WORDINGS), default=list(WORDINGS), help="default: all")
    add("--shots", nargs="+", type=int, default=(0, 3), metavar="N", help="numbers of examples (default: 0 and 3)")
    add("--language", choices=list(LANGUAGES), default="en", help="(default: %(default)s)")
    add("--tier", choices=SUITES[DEFAULT].tiers, default="tiny", help="(default: %(default)s)")
    add("--limit", type=int, default=24, metavar="N", help="the first N mazes (default: %(default)s)")
    add("--show", type=int, default=0, metavar="N", help="print the first N replies of each prompt")
    return parser


if __name__ == "__main__":
    sys.exit(main())

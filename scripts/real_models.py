"""Evaluates models with many prompts, and prints one table: chat and plain prompts, examples, languages, drawings.

    python -m scripts.real_models --checkpoint smollm2 --checkpoint ./gemma.gguf

| part | mazes | prompts |
| --- | --- | --- |
| `prompts` | the first N of tiny and small | chat (models with a template) and plain, 0 and 3 shots, en and pt |
| `drawings` | the first N of tiny | each drawing, plain, 3 shots, en |

Each prompt is one session of `pytest benchmark`, whose run is saved under a name that begins with `--save`. Interrupted
runs resume: repeat the command. The table has Wilson intervals; the baseline agents answer the same mazes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from tabulate import tabulate

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.errors import RunError
from benchmark.mazes.prompt import LANGUAGES
from benchmark.mazes.suite import DEFAULT, SUITES
from models import registry
from models.options import add_checkpoint_options
from reports import accuracy, saved
from reports.baseline_agents import score_agents
from reports.run import Run, read
from reports.statistics import wilson

ROOT = Path(__file__).parents[1]
SHOTS = (0, 3)
SHOTS_OF_DRAWINGS = 3


@dataclass(frozen=True)
class Session:
    """One session of pytest: the mazes and the prompt."""

    tiers: tuple[str, ...]
    prompt: str
    shots: int
    language: str
    drawing: str

    @property
    def name(self) -> str:
        return "-".join([self.prompt, str(self.shots), self.language, self.drawing, *self.tiers])

    def arguments(self) -> list[str]:
        return [
            "-k", " or ".join(f"{tier}_mazes" for tier in self.tiers), "--prompt", self.prompt,
            "--shots", str(self.shots), "--language", self.language, "--drawing", self.drawing,
        ]  # fmt: skip


def list_sessions(parts: Sequence[str]) -> Iterator[Session]:
    if "prompts" in parts:
        for prompt in ("plain", "chat"):
            for shots in SHOTS:
                for language in LANGUAGES:
                    yield Session(("tiny", "small"), prompt, shots, language, "compact")
    if "drawings" in parts:
        for drawing in DRAWINGS:
            yield Session(("tiny",), "plain", SHOTS_OF_DRAWINGS, "en", drawing)


def main(arguments: list[str] | None = None) -> int:
    """Run the sessions, and print the table in Markdown."""
    options = _parser().parse_args(arguments)
    choices = registry.choose(options, Path())
    checkpoints = [registry.find(name, choices) for name in options.checkpoint]
    rows = []
    for session in list_sessions(options.parts):
        chosen = [one for one in checkpoints if session.prompt == "plain" or one.prompt_style == "chat"]
        if not chosen:
            continue
        save = f"{options.save}-{session.name}"
        if not options.only_table:
            names = [word for one in chosen for word in ("--checkpoint", one.name)]
            passed = ["--checkpoints", options.checkpoints] if options.checkpoints else []
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-c",
                str(ROOT / "pyproject.toml"),
                "-q",
                str(ROOT / "benchmark"),
            ]
            limits = ["--limit", str(options.limit), "--save", save]
            print(f"{save} ...", file=sys.stderr, flush=True)
            subprocess.run([*command, *session.arguments(), *names, *passed, *limits], cwd=ROOT, check=True)
        for checkpoint in chosen:
            rows += _rows(session, checkpoint.name, _read(saved.path(ROOT, save, checkpoint.name)))
    print(tabulate(_baselines(options.limit) + rows, headers=HEADERS, tablefmt="github", disable_numparse=True))
    return 0


HEADERS = (
    "mazes", "checkpoint", "prompt", "shots", "language", "drawing", "n", "solved %", "95 % interval", "readable %",
    "not ended %", "tokens", "different replies",
)  # fmt: skip


def _rows(session: Session, checkpoint: str, run: Run) -> list[list[str]]:
    table = accuracy.table({checkpoint: run.records}, run.suite)
    rows = []
    shares: list[dict[Any, Any]] = table[table.checkpoint == checkpoint].to_dict("records")
    for row in shares:
        group = row["group"]
        replies = [record for record in run.records if record.group == group and record.outcome != "error"]
        not_ended = row["outcome_truncated"] + row["outcome_looping"]
        interval = f"{row['low']:.1f} - {row['high']:.1f}"
        rows.append(
            [group, checkpoint, session.prompt, str(session.shots), session.language, session.drawing, str(row["n"]),
             f"{row['solved']:.1f}", interval, f"{100 - row['unreadable']:.1f}", f"{not_ended:.1f}",
             f"{fmean(record.tokens for record in replies):.0f}", str(len({record.reply for record in replies}))]
        )  # fmt: skip
    return rows


def _baselines(limit: int) -> list[list[str]]:
    """The baseline agents on the same mazes."""
    suite, rows = SUITES[DEFAULT], []
    for tier in ("tiny", "small"):
        scores = score_agents(suite, tier, {case.id: case.digest for case in suite.cases(tier)[:limit]})
        for agent in AGENTS:
            n = len(scores[agent])
            solved = sum(score.outcome in ("optimal", "solved") for score in scores[agent].values())
            low, high = wilson(solved, n)
            interval = f"{100 * low:.1f} - {100 * high:.1f}"
            rows.append([tier, agent, *[""] * 4, str(n), f"{100 * solved / n:.1f}", interval, *[""] * 4])
    return rows


def _read(file: Path) -> Run:
    try:
        return read(file)
    except RunError as error:
        raise SystemExit(f"{error}: run the sessions first, without --only-table") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.real_models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--checkpoint", action="append", required=True, metavar="NAME", help="may be given several times"
    )
    add_checkpoint_options(parser.add_argument)
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="mazes of each tier (default: %(default)s)")
    parser.add_argument(
        "--save", default="real", metavar="NAME", help="the beginning of the names of runs (default: real)"
    )
    parser.add_argument(
        "--parts", nargs="+", choices=("prompts", "drawings"), default=("prompts", "drawings"), help="default: both"
    )
    parser.add_argument("--only-table", action="store_true", help="print the table of saved runs, evaluate nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())

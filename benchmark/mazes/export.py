"""Exports a suite for other programs: a JSON Lines file, or a folder that `datasets.load_dataset` loads.

The folder has one JSON Lines file for each group and a README.md with the metadata for `datasets`: each group is a
configuration with one split, `test`. The mazes are for evaluation only, not for training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .agents import oracle
from .atomic import replacing
from .cases import Case, Suite
from .covariates import covariates
from .draw import draw
from .errors import MazeError
from .prompt import PromptOptions, prompt
from .question import question

FIELDS = {
    "id": "group and case, unique in the suite",
    "digest": "the sha256 of the case",
    "group": "tier, unsolvable or transfer set",
    "generator": "the algorithm that made the maze",
    "rows": "number of rows of cells",
    "cols": "number of columns of cells",
    "walls": "for each cell the sides with a wall: 1 up + 2 down + 4 left + 8 right",
    "start": "row and column of S",
    "goal": "row and column of G",
    "drawing": "the maze as text",
    "style": "the name of the drawing",
    "prompt": "the question, as a text (plain) or messages (chat)",
    "answer": "the moves of a shortest path, or `unreachable`; other shortest paths are equally correct",
    "covariates": "properties of the maze that may explain how hard it is",
}


def row(case: Case, options: PromptOptions) -> dict[str, Any]:
    """Return one case with everything that is needed to ask it and to score the answer; its keys are `FIELDS`."""
    options, glyphs = question(case, options)
    answer, maze = oracle(case), case.maze
    return {
        "id": f"{case.group}/{case.id}",
        "digest": case.digest,
        "group": case.group,
        "generator": case.generator,
        "rows": maze.rows,
        "cols": maze.cols,
        "walls": maze.walls.tolist(),
        "start": maze.start,
        "goal": maze.goal,
        "drawing": draw(maze, options.drawing, glyphs),
        "style": options.drawing,
        "prompt": prompt(maze, options, glyphs),
        "answer": answer.why or answer.moves,
        "covariates": asdict(covariates(maze)),
    }


def export(
    path: Path,
    suite: Suite,
    groups: Sequence[str],
    options: PromptOptions,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write the cases of some groups of a suite, to a file if the path ends in .jsonl, else to a new folder.

    An interrupted export leaves nothing at the path. `progress` is called with the number of cases written since its
    last call.

    Raises MazeError where the path exists, has the extension of another format, or cannot be written.
    """
    if path.suffix != ".jsonl" and path.suffix[1:].isalpha():  # `suite.v1` may be a folder, `suite.csv` is not
        raise MazeError(f"{path} looks like a file of another format: name a file that ends in .jsonl, or a folder")
    if path.exists():
        raise MazeError(f"{path} already exists: remove it or choose another path")
    try:
        with replacing(path.absolute()) as temporary:
            if path.suffix == ".jsonl":
                _write(temporary, (case for group in groups for case in suite.cases(group)), options, progress)
            else:
                (temporary / "data").mkdir(parents=True)
                for group in groups:
                    _write(temporary / "data" / f"{group}.jsonl", iter(suite.cases(group)), options, progress)
                (temporary / "README.md").write_text(_card(suite, groups, options), encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise MazeError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error


def _write(path: Path, cases: Iterator[Case], options: PromptOptions, progress: Callable[[int], object] | None) -> None:
    with path.open("w", encoding="utf-8") as opened:
        for case in cases:
            opened.write(json.dumps(row(case, options), ensure_ascii=False) + "\n")
            if progress:
                progress(1)


def _card(suite: Suite, groups: Sequence[str], options: PromptOptions) -> str:
    configs = "".join(
        f"- config_name: {group}\n  data_files:\n  - split: test\n    path: data/{group}.jsonl\n" for group in groups
    )
    fields = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in FIELDS.items())
    return (
        f"---\nlicense: apache-2.0\npretty_name: {suite.name}\nconfigs:\n{configs}---\n\n# {suite.name}\n\n"
        f"Mazes for language models, exported from Labirinto. Suite digest `{suite.digest}`; prompt options "
        f"`{json.dumps(options.record())}`.\n\nThese mazes are for evaluation. Training data must not contain the "
        "layouts for which\n`benchmark.mazes.split.reserved` is true, in any rotation or reflection.\n\n"
        f"| field | meaning |\n| --- | --- |\n{fields}"
    )

"""The flip rate: the same questions again, and how many replies and outcomes are not the same."""

from __future__ import annotations

import sys

from tqdm import tqdm

from benchmark.mazes import answer
from benchmark.mazes.question import question
from benchmark.mazes.score import score
from models.engines import Engine
from models.requests import Reply, Request

from .questions import Questions


def count_flips(questions: Questions, engine: Engine) -> dict[str, int]:
    """Ask everything again, as often as is wanted, and count the replies and outcomes that change.

    The first replies may come from the cache, the others never do, and none of them is kept. What failed the first time
    is left out.
    """
    runs = questions.options.flips
    texts: dict[tuple[str, str, int], set[str]] = {}
    outcomes: dict[tuple[str, str, int], set[str]] = {}
    for request in questions.requests:
        first = questions.replies.get(request.place)
        if isinstance(first, Reply):
            texts[request.place] = {first.text}
            outcomes[request.place] = {_score(questions, request, first)}
    name = f"{questions.checkpoint.name}: again"
    with tqdm(total=(runs - 1) * len(texts), desc=name, unit="maze", file=sys.stderr) as bar:
        for _ in range(runs - 1):
            for request, reply in engine.generate(questions.checkpoint, questions.requests):
                if isinstance(reply, Reply) and request.place in texts:
                    texts[request.place].add(reply.text)
                    outcomes[request.place].add(_score(questions, request, reply))
                bar.update()
    return {
        "runs": runs,
        "replies": len(texts),
        "changed": sum(len(different) > 1 for different in texts.values()),
        "outcomes_changed": sum(len(different) > 1 for different in outcomes.values()),
    }


def _score(questions: Questions, request: Request, reply: Reply) -> str:
    """The outcome of a reply, read strictly."""
    options, glyphs = question(request.case, questions.prompt_options)
    maze = request.case.maze
    return score(maze, answer.read(reply.text, maze, options.drawing, glyphs, reply.truncated).strict).outcome

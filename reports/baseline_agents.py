"""The scores of the baseline agents (oracle, wall follower, ...), which every accuracy table includes.

Mazes and agents are the same in every session. So the scores of the cases of a group are computed once and stored
(`floors/` in LABIRINTO_HOME), as long as the mazes and the code of agents and scores do not change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmark.mazes import agents
from benchmark.mazes.atomic import replace_text
from benchmark.mazes.outcomes import OUTCOMES
from benchmark.mazes.suite import Case, Suite
from models import store

from .schema import Share, parse


class AgentScore(NamedTuple):
    """The score of one answer."""

    outcome: str
    spl: Share


Scores = dict[str, dict[str, AgentScore]]
"""By agent and case."""


def score_agents(suite: Suite, group: str, digests: Mapping[str, str]) -> Scores:
    """Return the scores of all agents for cases of a group; `digests` has the digest of each case by its id."""
    file = store.home() / "floors" / f"{group}-{_key(suite, group, digests)}.json"
    if (stored := _stored(file, digests)) is not None:
        return stored
    answers = {name: {case: _score(name, suite.case(group, case)) for case in digests} for name in agents.AGENTS}
    with suppress(OSError):  # the file only saves time
        replace_text(file, json.dumps(answers))
    return answers


def _stored(file: Path, cases: Collection[str]) -> Scores | None:
    """The scores that were stored; None where there are none, or where the file is not what this module writes."""
    try:
        scores = parse(json.loads(file.read_text(encoding="utf-8")), Scores)
    except (OSError, ValueError, RecursionError):
        return None
    if scores.keys() != agents.AGENTS.keys() or any(of_agent.keys() != set(cases) for of_agent in scores.values()):
        return None
    if any(score.outcome not in OUTCOMES for of_agent in scores.values() for score in of_agent.values()):
        return None
    return scores


def _key(suite: Suite, group: str, digests: Mapping[str, str]) -> str:
    """The digest of everything that determines the scores."""
    mazes = Path(agents.__file__).parent
    code = "".join((mazes / name).read_text(encoding="utf-8") for name in ("agents.py", "score.py"))
    # the whole group determines the best constant answer
    content = json.dumps([code, suite.digest, repr(suite.groups[group]), sorted(digests.items())])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _score(name: str, case: Case) -> AgentScore:
    from benchmark.mazes.score import score  # Numba takes half a second to import

    scored = score(case.maze, agents.AGENTS[name](case))
    return AgentScore(scored.outcome, scored.spl)

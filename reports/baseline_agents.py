"""What comes of the agents' answers: the floors and the ceiling beside every checkpoint.

Mazes and agents are the same in every session, so that it is worked out once for the cases of a group and kept
(`floors/` in LABIRINTO_HOME), as long as the mazes and the code of agents and scores are what they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmark.mazes import agents
from benchmark.mazes.outcomes import OUTCOMES
from benchmark.mazes.suite import DIGEST, GROUPS, Case
from models import store

from .run import replace_text
from .shape import SHARE, Kind, MapOf, Object, faults


class Walked(NamedTuple):
    """What came of one answer."""

    outcome: str
    spl: float


_WALKED = Kind(
    "an outcome and a share",
    lambda value: type(value) is list and len(value) == 2 and value[0] in [*OUTCOMES] and SHARE.holds(value[1]),
)
_SHAPE = Object(dict.fromkeys(agents.AGENTS, MapOf(_WALKED)), is_whole=True)


def walked(group: str, digests: Mapping[str, str]) -> dict[str, dict[str, Walked]]:
    """What comes of each agent's answer to each of these cases of a group, given with their digests."""
    file = store.home() / "floors" / f"{group}-{_key(group, digests)}.json"
    if (stored := _stored(file, digests)) is not None:
        return stored
    answers = {name: {case: _walk(name, group, case) for case in digests} for name in agents.AGENTS}
    with suppress(OSError):  # it is as right without
        replace_text(file, json.dumps(answers))
    return answers


def _stored(file: Path, cases: Collection[str]) -> dict[str, dict[str, Walked]] | None:
    """What was kept; None where there is nothing, or where it is not what this module writes."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if any(faults(content, _SHAPE)) or any(content[name].keys() != set(cases) for name in agents.AGENTS):
        return None
    return {name: {case: Walked(*walked) for case, walked in content[name].items()} for name in agents.AGENTS}


def _key(group: str, digests: Mapping[str, str]) -> str:
    """The digest of all that decides it."""
    mazes = Path(agents.__file__).parent
    code = "".join((mazes / name).read_text(encoding="utf-8") for name in ("agents.py", "score.py"))
    # the best constant answer is that of the whole group
    whole = json.dumps([code, DIGEST, repr(GROUPS[group]), sorted(digests.items())])
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _walk(name: str, group: str, case: str) -> Walked:
    from benchmark.mazes.score import score  # Numba takes half a second to import

    known = Case.of(group, case)
    found = score(known.maze, agents.AGENTS[name](known))
    return Walked(found.outcome, found.spl)

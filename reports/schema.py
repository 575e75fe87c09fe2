"""The types of what a run file says: `Provenance` for its first line, a `Record` for each other line.

They are checked once, where a file is read (`reports.run`), so that tables, comparisons and leaderboards need no checks
of their own. A field of the provenance may be missing, and fields that are not listed may be there.

    python -m reports.schema > reports/run.schema.json      # the same types as JSON Schema
"""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
import reprlib
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, ValidationError, field

from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.suite import group_position

LARGEST = 2**53
"""The largest whole number that every reader of JSON reads as it was written."""

Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Number = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)] | Annotated[float, Meta(ge=-1e100, le=1e100)]
Amount = Annotated[int, Meta(ge=0, le=LARGEST)] | Annotated[float, Meta(ge=0, le=LARGEST)]
Share = Annotated[int, Meta(ge=0, le=1)] | Annotated[float, Meta(ge=0, le=1)]
Date = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Moves = Annotated[str, Meta(pattern=r"^[UDLR]*(?![\s\S])")]
Point = tuple[
    Annotated[int, Meta(ge=-LARGEST, le=LARGEST)] | float, Annotated[int, Meta(ge=-LARGEST, le=LARGEST)] | float
]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """One reply to one case of a run."""

    group: str
    """The group of the suite: a tier such as `small`, `unsolvable-small`, a transfer set such as `size-6x6`."""
    case: str
    """The case within its group, such as `wilson-0042`."""
    sample: Count
    """Which of the replies to this case it is, from 0."""
    digest: str
    """The sha256 of the case: its name, its maze, and how it is drawn if that belongs to it."""
    covariates: dict[str, Number | None]
    """What makes the maze hard: the fields of `benchmark.mazes.covariates.Covariates`."""
    outcome: str
    """One of `benchmark.mazes.outcomes.OUTCOMES`, of the reply read strictly."""
    lenient: str
    """The same of the reply read leniently."""
    why: str
    """Why no moves could be read, empty where they could."""
    moves: Moves | None
    """The moves that were walked, null where none could be read."""
    prefix: Count
    """The moves before the first illegal one."""
    shortest: Count | None
    """The fewest moves that solve the maze, null where it cannot be solved."""
    progress: Share
    """The share of the distance from S to G that the valid prefix closed."""
    wall_hits: Count
    """Illegal moves, if each leaves the walker where it is."""
    revisits: Count
    """Steps of the valid prefix onto a cell where it has been before."""
    extra: Count | None
    """Moves more than needed, null where the maze was not solved."""
    tokens: Count
    """The length of the reply in tokens of the checkpoint (moves, for an agent)."""
    reply: str
    """The text that the checkpoint gave."""

    @property
    def place(self) -> tuple[int, str, int]:
        """Where the record stands in a run: by group, then by case and sample."""
        return group_position(self.group), self.case, self.sample

    @property
    def spl(self) -> float:
        """Success weighted by path length (Anderson et al. 2018): shortest / moves if solved, else 0."""
        if self.outcome == "unreachable":
            return 1.0
        return self.shortest / (self.shortest + (self.extra or 0)) if self.outcome in SOLVED and self.shortest else 0.0


class CheckpointInfo(Struct, frozen=True):
    """The checkpoint of a run."""

    name: str | None = None
    kind: str | None = None
    """built, folder, gguf, hub, served or agent."""
    content: str | None = None
    """The sha256 of everything that decides its replies."""
    weights: str | None = None
    """The sha256 of its weights."""
    base: str | None = None
    """The sha256 of an adapter's base."""
    chat_template: str | None = None
    """The sha256 of its chat template."""
    recipe: dict[str, Any] | None = None
    """The card of its recipe: seed, settings, data and figures."""
    curve: dict[str, list[Point]] | None = None
    """What was logged while it was trained (loss, reward, solved): pairs of step and value."""
    chain: list[dict[str, Any] | None] | None = None
    """The cards of the checkpoints that it was built from, the nearest first."""

    def __post_init__(self) -> None:
        for name, points in (self.curve or {}).items():
            for point in points:
                # a loss that was logged may be NaN
                if any(math.isinf(value) or abs(value) > 1e100 for value in point):
                    raise ValueError(f"curve.{name} has a point that is no pair of numbers: {quoted(point)}")


class Sampling(Struct, frozen=True):
    """How replies were sampled; seeds are made from the names of case and sample. Older runs do not say it."""

    temperature: Amount = 0.0
    samples: Count = 1
    """Replies to each case."""


class Flips(Struct, frozen=True):
    """What changed when the same questions were asked again (`--flip-rate`)."""

    runs: Count
    replies: Count
    changed: Count
    outcomes_changed: Count


class EngineInfo(Struct, frozen=True):
    """The engine that generated the replies."""

    engine: str | None = None
    dtype: str | None = None
    determinism: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    options: dict[str, Any] = field(default_factory=dict)
    """The options about the model that the user has set (`models.model_options.ModelOptions`), by name."""
    cached: Count | None = None
    """Replies that came from the cache."""
    asked: Count | None = None
    """Replies that were generated."""
    tokens: Count | None = None
    """The tokens of those that were generated."""
    seconds: Amount | None = None
    """The time that generating them took."""
    waited: Amount = 0.0
    """How many of these seconds were spent waiting for the engine to start."""
    flips: Flips | None = None


class TokenizerInfo(Struct, frozen=True):
    """How a tokenizer cuts the first maze of the medium tier, as it was drawn: the fields of `models.audit.Audit`."""

    fewest: Count
    most: Count
    is_aligned: bool


class GitInfo(Struct, frozen=True):
    """The checkout of the benchmark."""

    commit: str | None = None
    dirty: bool | None = None
    """Whether the checkout differed from the commit."""


class Machine(Struct, frozen=True):
    """The machine of the session."""

    system: str | None = None
    processor: str | None = None
    cores: Count | None = None
    device: str | None = None
    """The name of the GPU, or cpu."""


class Provenance(Struct, frozen=True):
    """The first line of a run, beside `schema`. Older runs lack some of it."""

    checkpoint: CheckpointInfo = field(default_factory=CheckpointInfo)
    suite: str | None = None
    """The version of the suite: the seeds of all mazes are made from it and from their names."""
    suite_digest: str | None = None
    """The sha256 of all mazes of the suite."""
    prompt_digest: str | None = None
    """The sha256 of how a maze becomes a question: a probe maze, asked in this way."""
    drawing: str | None = None
    """The drawing of the mazes."""
    style: str | None = None
    """`plain` for a text to continue, `chat` for messages."""
    language: str | None = None
    """`en` or `pt`."""
    shots: Count | None = None
    """Examples before the question."""
    reasoning: bool | None = None
    """Whether the prompt asked for reasoning before the answer."""
    glyphs: bool | None = None
    """Whether each maze had characters of its own."""
    system_prompt: str | None = None
    """The system message that the user gave instead of ours; null without one."""
    wording: str = "v1"
    """The version of the wording, see `benchmark.mazes.prompt.wordings`."""
    tokenizer: TokenizerInfo | None = None
    """Null where there is no tokenizer.json to ask, and for drawings without rows."""
    engine: EngineInfo = field(default_factory=EngineInfo)
    started: Date = ""
    """When the session began (ISO 8601, UTC); empty where the file does not say."""
    ended: Date | None = None
    """When it ended; null in a run that was cut off."""
    command: list[str] | None = None
    """The command line."""
    git: GitInfo | None = None
    """Null without git."""
    python: str | None = None
    """The version of Python."""
    packages: dict[str, str] | None = None
    """The versions of the packages that matter, of those that are installed."""
    machine: Machine = field(default_factory=Machine)
    saved_as: str | None = None
    """The name that `--save` gave it, or `baseline`."""

    @property
    def asked(self) -> dict[str, str | int | bool | None]:
        """How the mazes were asked: what is the same in runs that can be compared; beside it, the sampling."""
        return {
            "suite": self.suite,
            "suite_digest": self.suite_digest,
            "drawing": self.drawing,
            "style": self.style,
            "language": self.language,
            "shots": self.shots,
            "reasoning": self.reasoning,
            "glyphs": self.glyphs,
            "system_prompt": self.system_prompt,
            "wording": self.wording,
            "prompt_digest": self.prompt_digest,
        }

    def __post_init__(self) -> None:
        for name, value in (("started", self.started), ("ended", self.ended)):
            if value and not _is_date(value):
                raise ValueError(f"{name} cannot be {quoted(value)}: it is to be {_DATE}")


_DATE = "a date and time (ISO 8601)"


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


T = TypeVar("T")


def parse(value: object, kind: type[T]) -> T:
    """A JSON value as this type. Raises ValueError, saying where and what is wrong, where it is none."""
    try:
        return msgspec.convert(value, kind)
    except ValidationError as error:
        raise ValueError(_explained(str(error), value)) from None


_FAULT = re.compile(r"(?P<what>.*?)(?: - at `(?P<place>(?:key in )?\$?.*)`)?", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([^`]*)`(.*?)(?:, got .*)?", re.DOTALL)
_WORDS = {
    "int": "a whole number",
    "int | float": "a number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "object": "a JSON object",
    "array": "a JSON list",
}


def _explained(message: str, document: object) -> str:
    """What msgspec says is wrong, in the words of this project: the field, its value, what it is to be."""
    fault = _FAULT.fullmatch(message)
    place = (fault["place"] or "$").removeprefix("$").removeprefix(".") if fault else ""
    reason = fault["what"] if fault else message
    if missing := re.fullmatch(r"Object missing required field `(.*)`", reason):
        return f"{place}.{missing[1]} is missing".removeprefix(".")
    expected = _EXPECTED.fullmatch(reason)
    if not expected:
        return f"{place}: {reason}" if place else reason
    kind = expected[1].removesuffix(" | null")
    if kind in ("object", "array") and not expected[2]:
        return f"{place} is to be {_WORDS[kind]}"
    wanted = _WORDS.get(kind, kind) + expected[2]
    if "regex" in expected[2]:
        wanted = "moves (U, D, L, R)"
    if place in ("started", "ended"):
        wanted = _DATE
    if "[...]" in place:
        return f"a value of {place.partition('[...]')[0]} is not {wanted}"
    return f"{place} cannot be {quoted(_value_at(document, place))}: it is to be {wanted}"


def _value_at(value: Any, place: str) -> Any:
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
    return value


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60


def quoted(value: object) -> str:
    """A value for an error: on one line, and cut where it is long."""
    return _short.repr(value)


def json_schema() -> str:
    """JSON Schema of both kinds of lines, with what the docstrings of the fields say."""
    kinds = (Provenance, Record)
    _, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        documented = _field_docs(globals()[name])
        for field_name, described in definition["properties"].items():
            if field_name in documented:
                # beside a reference JSON Schema allows a description too
                described["description"] = documented[field_name]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a run file: the first is a Provenance with its `schema`, each other one a Record",
        "anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds],
        "$defs": definitions,
    }
    return json.dumps(schema, indent=2) + "\n"


def _field_docs(kind: type) -> dict[str, str]:
    """The strings that stand below the fields of a class."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    docs: dict[str, str] = {}
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            docs[node.target.id] = " ".join(ast.literal_eval(after.value).split())
    return docs


if __name__ == "__main__":
    sys.stdout.write(json_schema())

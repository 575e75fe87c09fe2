"""The result of comparing a base with its fine-tunes, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .causal import Effect
    from .lens import Seen
    from .llm_mri import Graphs
    from .probes import Reading
    from .weights import Moved

CHANGES = ("fixed", "broken", "left solved", "left unsolved")


@dataclass(frozen=True)
class Layer:
    """One layer of a fine-tune compared with that of the base, at one place. Triples are (value, low, high)."""

    place: str
    layer: int
    """0 is the embeddings; the last is after the last norm."""
    cka: tuple[float, float, float]
    """Debiased linear CKA with its jackknife interval; 1 is the same geometry."""
    cka_chance: float
    """The 97.5 % quantile of CKA with shuffled texts: the value of independent states."""
    cosine: tuple[float, float, float]
    relative: tuple[float, float, float]
    """|tuned - base| / |base|."""
    norm_ratio: tuple[float, float, float]
    common: tuple[float, float, float]
    """The share of the change that is the same vector for all texts."""
    p: float
    """The p-value of a common change (sign-flip test), adjusted for the layers at this place."""


@dataclass(frozen=True)
class Own:
    """The change of one layer alone, with the input of the base (see `layer_effects`)."""

    layer: int
    """0 is the embeddings."""
    relative: tuple[float, float, float]
    """|change of what it adds| / |what it adds in the base|, at the last token."""
    p: float
    """The p-value of a common change (sign-flip test), adjusted for the layers."""


@dataclass(frozen=True)
class Group:
    """The mazes of one kind of change, and how much their states at the last token changed."""

    change: str
    """One of CHANGES, by the saved replies of base and tuned."""
    n: int
    relative: list[tuple[float, float, float]]
    """One triple for each layer; empty for fewer than 4 mazes."""


@dataclass(frozen=True)
class Tuned:
    """One fine-tune compared with the base."""

    name: str
    layers: list[Layer]
    between: list[list[float | None]]
    """Debiased CKA at the last token: rows are layers of the base, columns of the tuned; None where one is constant."""
    own: list[Own]
    divergence: dict[str, tuple[float, float, float]]
    """KL(base || tuned) of the next token after `prompt` and `answer` in nats, with its interval."""
    furthest: list[tuple[str, str, float]]
    """The mazes whose first move diverges most: group, case, nats."""
    effects: list[Effect]
    moved: list[Moved]
    groups: list[Group]
    graphs: list[Graphs]


@dataclass(frozen=True)
class Diff:
    """A base and its fine-tunes, with all measured changes."""

    base: str
    about: dict[str, Any]
    """The origin: digests of texts and weights, versions, the answer format, the number of texts."""
    tuned: list[Tuned]
    lenses: dict[str, list[Seen]]
    """By checkpoint, the base first."""
    chance: float
    """The share of right first moves of a random choice."""
    readings: dict[str, list[Reading]]
    """By checkpoint, the base first and `random weights` last."""
    targets: dict[str, str]
    """The meaning of each probe target."""
    notes: list[str] = field(default_factory=list)
    taught: dict[str, list[str]] = field(default_factory=dict)
    """What of a target the base was taught inside while it was pretrained, by layer: that is no finding of a probe."""

    def find_tuned(self, name: str) -> Tuned:
        """Return the fine-tune with this name. Raises KeyError for any other name."""
        for tuned in self.tuned:
            if tuned.name == name:
                return tuned
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return all values except the objects that only draw pictures, for JSON."""
        plain = [
            replace(tuned, graphs=[replace(graphs, areas=None) for graphs in tuned.graphs]) for tuned in self.tuned
        ]
        values = asdict(replace(self, tuned=plain))
        for tuned in values["tuned"]:
            for graphs in tuned["graphs"]:
                del graphs["areas"]
        return values

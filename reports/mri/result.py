"""What a diff of a base and its fine-tunes has found, as plain data."""

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
    """One layer of a tuned checkpoint beside the base's, at one place. Figures of three are value, low, high."""

    place: str
    layer: int
    """0 is the embeddings; the last is after the last norm."""
    cka: tuple[float, float, float]
    """Debiased linear CKA, by jackknife: 1 the same geometry."""
    cka_chance: float
    """The 97.5 % quantile of CKA where the texts of one are shuffled: what independent states come to."""
    cosine: tuple[float, float, float]
    relative: tuple[float, float, float]
    """|tuned - base| / |base|."""
    norm_ratio: tuple[float, float, float]
    common: tuple[float, float, float]
    """The share of the change that is one vector for all texts."""
    p: float
    """Of a common change, by sign flips, adjusted for the layers of this place."""


@dataclass(frozen=True)
class Own:
    """What a layer does by itself, given the base's input (see `layer_effects`)."""

    layer: int
    """0 is the embeddings."""
    relative: tuple[float, float, float]
    """|change of what it adds| / |what it adds in the base|, at the last token."""
    p: float
    """Of a common change, by sign flips, adjusted for the layers."""


@dataclass(frozen=True)
class Group:
    """The mazes of one fate, and how much their states changed at the last token."""

    change: str
    """One of CHANGES: what became of them from base to tuned, by their saved replies."""
    n: int
    relative: list[tuple[float, float, float]]
    """Of each layer; none for fewer than 4 mazes."""


@dataclass(frozen=True)
class Tuned:
    """One fine-tune beside the base."""

    name: str
    layers: list[Layer]
    between: list[list[float | None]]
    """Debiased CKA at the last token: rows are layers of the base, columns of the tuned; None where one is constant."""
    own: list[Own]
    divergence: dict[str, tuple[float, float, float]]
    """KL(base || tuned) in nats of what is said after `prompt` and `answer`, with interval."""
    furthest: list[tuple[str, str, float]]
    """The mazes whose first move diverges most: group, case, nats."""
    effects: list[Effect]
    moved: list[Moved]
    groups: list[Group]
    graphs: list[Graphs]


@dataclass(frozen=True)
class Diff:
    """A base, its fine-tunes, and what changed."""

    base: str
    about: dict[str, Any]
    """Where it comes from: digests of texts and weights, versions, the form of the answer, how many texts."""
    tuned: list[Tuned]
    lenses: dict[str, list[Seen]]
    """By checkpoint, the base first."""
    chance: float
    """The share of right first moves for who picks at random."""
    readings: dict[str, list[Reading]]
    """By checkpoint, the base first and `random weights` last."""
    targets: dict[str, str]
    """What each probe is to read, in words."""
    notes: list[str] = field(default_factory=list)
    taught: dict[str, list[str]] = field(default_factory=dict)
    """What of a target the base was taught inside while it was pretrained, by layer: that is no finding of a probe."""

    def of(self, name: str) -> Tuned:
        """The fine-tune of that name. Raises KeyError where there is none."""
        for one in self.tuned:
            if one.name == name:
                return one
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """All of it but what pictures are drawn from, for JSON."""
        tuned = [replace(one, graphs=[replace(graphs, areas=None) for graphs in one.graphs]) for one in self.tuned]
        values = asdict(replace(self, tuned=tuned))
        for one in values["tuned"]:
            for graphs in one["graphs"]:
                del graphs["areas"]
        return values

"""Recipes: how a checkpoint is built from its parent. One file a method.

| recipe | from | how |
| --- | --- | --- |
| `base` | nothing | pretraining on drawings and true statements |
| `sft` | base | shown right replies |
| `dpo` | sft | pairs of replies, right and wrong (direct preference optimization) |
| `orpo` | base | right replies and pairs in one go (odds ratio preference optimization) |
| `reward` | sft | a judge, learned from pairs; answers no mazes |
| `rlhf` | sft, reward | reinforcement by that judge |
| `rlvr` | sft | reinforcement by the verifier |

A recipe is a frozen dataclass of everything that decides the result. `describe()` gives it as plain data, from
which its digest is made; `build(needed, target, work)` writes the checkpoint into the folder `target` and returns
the figures that are recorded beside it. `needed` is where its parent lies, and its judge if it has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .dpo import Dpo
from .orpo import Orpo
from .pretrain import Pretrain
from .reward import Reward
from .rlhf import Rlhf
from .rlvr import Rlvr
from .sft import Sft

if TYPE_CHECKING:
    from models.load import Weights


class Recipe(Protocol):
    """What the registry knows of a recipe."""

    @property
    def method(self) -> str:
        """What it is called."""

    @property
    def parent(self) -> str | None:
        """The name of the recipe whose product this one starts from."""

    @property
    def judge(self) -> str | None:
        """The name of the recipe whose product judges replies for it."""

    @property
    def answers(self) -> bool:
        """Whether its product answers mazes, and does not judge the answers of others."""

    def describe(self) -> dict[str, Any]:
        """Method, settings and a digest of the data, as JSON can hold them."""

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        """Write the checkpoint into `target`; keep in `work` what an interrupted build goes on from."""


RECIPES: dict[str, Recipe] = {
    "base": Pretrain(),
    "sft": Sft(),
    "dpo": Dpo(),
    "orpo": Orpo(),
    "reward": Reward(),
    "rlhf": Rlhf(),
    "rlvr": Rlvr(),
}

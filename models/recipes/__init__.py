"""Recipes build a checkpoint from its parent. Each method has one file, and one line in RECIPES.

| recipe | from | method |
| --- | --- | --- |
| `base` | nothing | pretraining on drawings and true statements about them |
| `sft` | base | supervised fine-tuning on right replies |
| `dpo` | sft | direct preference optimization on pairs of replies |
| `orpo` | base | odds ratio preference optimization: right replies and pairs at once |
| `reward` | sft | a reward model, trained on pairs; it cannot solve mazes |
| `rlhf` | sft, reward | reinforcement learning from that reward model (RLOO) |
| `rlvr` | sft | reinforcement learning from a verifiable reward (GRPO) |
"""

from __future__ import annotations

from .dpo import DPO
from .orpo import ORPO
from .pretrain import Pretrain
from .protocol import Recipe
from .reward import Reward
from .rlhf import RLHF
from .rlvr import RLVR
from .sft import SFT

__all__ = ["RECIPES", "Recipe"]

RECIPES: dict[str, Recipe] = {
    "base": Pretrain(),
    "sft": SFT(),
    "dpo": DPO(),
    "orpo": ORPO(),
    "reward": Reward(),
    "rlhf": RLHF(),
    "rlvr": RLVR(),
}

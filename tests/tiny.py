"""All recipes, made so small that they take seconds: real in all but skill.

Run as a program it is `python -m models` with these recipes, for tests that start other processes.
"""

import sys

from models import recipes
from models.__main__ import main
from models.recipes.dpo import DPO
from models.recipes.orpo import ORPO
from models.recipes.pretrain import Pretrain
from models.recipes.reward import Reward
from models.recipes.rlhf import RLHF
from models.recipes.rlvr import RLVR
from models.recipes.sft import SFT
from models.training import validation
from models.training.progress import Progress

# what is asked on the way takes longer than such a training itself
validation.MAZES, Progress.TIMES = 4, 1

SMALL = {"batch_size": 8, "sizes": (4, 5), "warmup_steps": 1}
FEW = {"num_examples": 4, "num_generations": 2, "batch_size": 4, "sizes": (4,), "warmup_steps": 0}
RECIPES = {
    "base": Pretrain(
        num_hidden_layers=2,
        hidden_size=32,
        num_attention_heads=4,
        named=1,
        sided=1,
        lettered=1,
        celled=1,
        reached=1,
        ordered=2,
        taught_from_step={"ordered": 4},
        looking=1,
        seeing=2,
        max_steps=6,
        stages=((0, (("letters", 4), ("looks", 4))), (3, (("ways", 5),))),
        cells_per_batch={"letters": 64, "looks": 64, "ways": 64},
        learning_rate_schedule=((0, 0.5), (1, 1)),
    ),
    "sft": SFT(**SMALL, num_examples=160),
    "dpo": DPO(**SMALL, num_examples=32, on_policy_mazes=8),
    "orpo": ORPO(**SMALL, num_examples=32),
    "reward": Reward(**SMALL, num_examples=80),
    "rlhf": RLHF(**FEW),
    "rlvr": RLVR(**FEW),
}

if __name__ == "__main__":
    recipes.RECIPES.update(RECIPES)
    sys.exit(main(sys.argv[1:]))

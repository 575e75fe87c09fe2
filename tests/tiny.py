"""All recipes, made so small that they take seconds: real in all but skill.

Run as a program it is `python -m models` with these recipes, for tests that start other processes.
"""

import sys

from models import recipes
from models.__main__ import main
from models.recipes.dpo import Dpo
from models.recipes.orpo import Orpo
from models.recipes.pretrain import Pretrain
from models.recipes.reward import Reward
from models.recipes.rlhf import Rlhf
from models.recipes.rlvr import Rlvr
from models.recipes.sft import Sft
from models.training import validation
from models.training.progress import Progress

# what is asked on the way takes longer than such a training itself
validation.MAZES, Progress.TIMES = 4, 1

SMALL = {"batch": 8, "sizes": (4, 5), "warmup": 1}
FEW = {"examples": 4, "group": 2, "batch": 4, "sizes": (4,), "warmup": 0}
RECIPES = {
    "base": Pretrain(
        layers=2,
        width=32,
        heads=4,
        named=1,
        sided=1,
        lettered=1,
        celled=1,
        reached=1,
        ordered=2,
        added={"ordered": 4},
        looking=1,
        seeing=2,
        steps=6,
        stages=((0, (("letters", 4), ("looks", 4))), (3, (("ways", 5),))),
        cells={"letters": 64, "looks": 64, "ways": 64},
        rates=((0, 0.5), (1, 1)),
    ),
    "sft": Sft(**SMALL, examples=160),
    "dpo": Dpo(**SMALL, examples=32, own=8),
    "orpo": Orpo(**SMALL, examples=32),
    "reward": Reward(**SMALL, examples=80),
    "rlhf": Rlhf(**FEW),
    "rlvr": Rlvr(**FEW),
}

if __name__ == "__main__":
    recipes.RECIPES.update(RECIPES)
    sys.exit(main(sys.argv[1:]))

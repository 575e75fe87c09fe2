import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from scipy.stats import binomtest

from benchmark.mazes.generate import GENERATORS, batch
from benchmark.mazes.split import keys, reserved
from benchmark.mazes.symmetry import canonical, symmetries

from .strategies import mazes


@given(mazes)
def test_all_eight_images_have_one_key(maze):
    images = [np.ascontiguousarray(image)[None] for image in symmetries(maze.walls)]
    assert len({int(keys(image)[0]) for image in images}) == 1


def test_layouts_that_are_no_images_of_each_other_have_other_keys():
    for rows, cols in ((4, 4), (3, 5), (6, 6)):
        layouts = np.concatenate([batch(generator, rows, cols, range(2_000)) for generator in GENERATORS])
        by_key = {}
        for layout, key in zip(layouts, keys(layouts).tolist(), strict=True):
            by_key.setdefault(key, set()).add(canonical(layout))
        assert all(len(forms) == 1 for forms in by_key.values())
        assert len(by_key) == len(set().union(*by_key.values()))


def test_a_quarter_of_the_layouts_is_reserved():
    for generator in GENERATORS:
        kept = int(reserved(batch(generator, 8, 8, range(4_000))).sum())
        assert binomtest(kept, 4_000, 0.25).pvalue > 1e-4


def test_the_split_is_the_same_for_ever_and_in_another_process():
    code = (
        "from benchmark.mazes.generate import batch; from benchmark.mazes.split import keys;"
        "print([int(keys(batch('dfs', n, n, [1]))[0]) for n in (2, 5, 20)])"
    )
    env = {**os.environ, "PYTHONHASHSEED": "4711"}
    printed = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[13319264094420247150, 10970116109798437602, 15943997490860459392]"

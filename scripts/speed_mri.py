"""Compares time and memory of scans and diffs with the released LLM-MRI, in one run on one machine.

    python -m scripts.speed_mri [--checkpoint sft] [--texts 256 512 1024]

Each is measured in a process of its own, after its imports; memory is the growth of the peak of the process.

| name | what is measured |
| --- | --- |
| ours | the scan of one checkpoint: all layers at prompt, answer, S, G and every cell, and the predictions there |
| stock | LLM-MRI's `process_activation_areas`: all layers at the first token. With datasets >= 4 it fails at its reducer, so this is its time without one |
| diff | base and the checkpoint: two scans and one of random weights, layer effects, steering, probes, LLM-MRI, pictures |

Ours is also measured with 4,096 texts: its memory does not grow with them.
"""  # noqa: E501  a table

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from models import registry, store

COMMON = """
import json, os, resource, sys, time
import torch, transformers, datasets, numpy, pandas, sklearn.linear_model, scipy.stats, matplotlib.pyplot
from models import load, registry
from reports.mri import diff, probe_set, scan
from reports.mri import llm_mri as ours
from reports.render.html import render_diff
ours._package()
name, n = sys.argv[1], int(sys.argv[2])
checkpoint = registry.find(name)
texts = probe_set.make(load.tokenizer(checkpoint.weights()), checkpoint.answer_format, n)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, began = peak(), time.monotonic()
"""
DONE = """
print(json.dumps({"seconds": time.monotonic() - began, "megabytes": peak() - before}))
"""
OURS = COMMON + "scan.scan(checkpoint, texts)\n" + DONE
STOCK = (
    COMMON
    + """
llm_mri = ours._package()
tokenizer = load.tokenizer(checkpoint.weights())
features = datasets.Features({
    "text": datasets.Value("string"), "label": datasets.ClassLabel(names=["up", "other"]),
})
rows = {
    "text": [tokenizer.decode(probe.ids) for probe in texts.probes],
    "label": [int("U" not in probe.right) for probe in texts.probes],
}
dataset = datasets.Dataset.from_dict(rows, features=features)
svd = llm_mri.dimensionality_reduction.SVD(2, gridsize=10)
before, began = peak(), time.monotonic()
areas = llm_mri.ActivationAreas(str(checkpoint.weights().folder), dataset, svd)
try:
    areas.process_activation_areas()
except TypeError:
    assert len(areas.hidden_states_dataset) == n
"""
    + DONE
)
DIFF = (
    COMMON
    + """
made = diff.diff(registry.find("base"), [checkpoint], diff.Options(n))
render_diff(made)
"""
    + DONE
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a row for each measurement."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.speed_mri", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", default="sft", help="(default: %(default)s)")
    parser.add_argument("--texts", type=int, nargs="+", default=[256, 512, 1024], metavar="N")
    options = parser.parse_args(arguments)
    measurements = [("diff", DIFF, options.texts[0])]
    measurements += [pair for n in options.texts for pair in (("ours", OURS, n), ("stock", STOCK, n))]
    measurements.append(("ours", OURS, 4096))
    rows = []
    for name, code, n in measurements:
        print(f"{name}, {n} texts ...", file=sys.stderr, flush=True)
        result = _run(code, options.checkpoint, n)
        rows.append([name, n, f"{result['seconds']:.1f}", f"{result['megabytes']:.0f}"])
    print(tabulate(rows, headers=["", "texts", "seconds", "peak grew by MB"], tablefmt="github", disable_numparse=True))
    return 0


def _run(code: str, checkpoint: str, n: int) -> dict[str, float]:
    """Seconds and megabytes of a process of its own, with an empty cache. Raises CalledProcessError if it fails."""
    registry.find(checkpoint).prepare()
    with tempfile.TemporaryDirectory(prefix="labirinto-speed-") as folder:
        # a new store with the checkpoints, and without earlier scans
        (Path(folder) / "checkpoints").symlink_to(store.home() / "checkpoints")
        done = subprocess.run(
            [sys.executable, "-c", code, checkpoint, str(n)],
            env=os.environ | {"LABIRINTO_HOME": folder, "HF_DATASETS_CACHE": folder, "MPLBACKEND": "Agg"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    sys.exit(main())

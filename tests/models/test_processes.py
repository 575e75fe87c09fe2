"""Several processes that train together, started by accelerate as a user starts them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from ..conftest import ROOT


def build(tmp_path, home, start, *names):
    """Build with a store of its own; the folder of each name, and what was printed."""
    settings = {"LABIRINTO_HOME": str(tmp_path / home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*start, "-m", "tests.tiny", "build", *names],
        cwd=tmp_path,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith(tuple(f"{name}: " for name in names))]
    assert len(lines) == len(names)  # one process speaks for all
    return {name: Path(where) for name, where in (line.split(": ") for line in lines)}


@pytest.mark.slow
def test_two_processes_see_the_same_data_once_and_come_to_the_same_address(tmp_path):
    launch = [
        Path(sys.executable).with_name("accelerate"),
        "launch",
        "--config_file",
        ROOT / "models/accelerate/cpu.yaml",
    ]
    names = ["base", "sft", "dpo", "orpo", "rlhf", "rlvr"]
    together = build(tmp_path, "two", launch, *names)
    # both fine-tune the very same base: found at its address, it is not built again
    shutil.copytree(together["base"], tmp_path / "one" / "checkpoints" / together["base"].name)
    alone = build(tmp_path, "one", [sys.executable], "base", "sft")
    for name in names:
        assert json.loads((together[name] / "labirinto.json").read_text())["processes"] == 2
    for name in ("base", "sft"):
        assert together[name].name == alone[name].name
    # the same examples in each step: the losses on the way are those of one process, and so are the weights
    two, one = (pd.read_csv(found["sft"] / "curve.csv")["loss"].dropna() for found in (together, alone))
    assert len(one) >= 1
    assert two.tolist() == pytest.approx(one.tolist(), rel=1e-4)
    before, two, one = (
        load_file(found / "model.safetensors") for found in (alone["base"], together["sft"], alone["sft"])
    )
    moved = torch.cat([(one[name] - before[name]).flatten() for name in one])
    apart = torch.cat([(one[name] - two[name]).flatten() for name in one])
    assert apart.norm() < 0.01 * moved.norm()

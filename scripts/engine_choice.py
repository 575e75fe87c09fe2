"""Measures whether `auto` chooses well: runs plans of several sizes with each engine, beside what was estimated.

    python -m scripts.engine_choice sft --tiers tiny medium --mazes 8 100
    python -m scripts.engine_choice ./model --tiers tiny --mazes 8 --prompt chat --save measured.jsonl

Each run has its own process, from loading the model to the last reply. `chosen / best` is the time of the engine that
`auto` chooses, divided by the shortest time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.prompt import DEFAULT_WORDINGS, TRAINED, PromptOptions
from models import registry
from models.checkpoints import Checkpoint
from models.engines import ENGINES, create_engine
from models.inference import cost
from models.inference.options import InferenceOptions
from models.inference.plan import Plan
from models.requests import Reply, Request

ENGINE_NAMES = [info.name for info in ENGINES.values() if info.is_automatic]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--tiers", nargs="+", default=list(SUITE.tiers), choices=SUITE.tiers)
    parser.add_argument("--mazes", nargs="+", type=int, default=[8, 100])
    parser.add_argument("--prompt", choices=("plain", "chat"))
    parser.add_argument("--engines", nargs="+", default=ENGINE_NAMES, choices=ENGINE_NAMES)
    parser.add_argument("--save", type=Path, help="append each measurement to this file, as a line of JSON")
    parser.add_argument("--one", action="store_true", help="run one plan with one engine, and print it as JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_run(arguments, arguments.tiers[0], arguments.mazes[0], arguments.engines[0])))
        return
    print(f"{'tier':8} {'mazes':>5}  " + "  ".join(f"{name:>24}" for name in arguments.engines) + "  chosen / best")
    for tier in arguments.tiers:
        for mazes in arguments.mazes:
            measured = list(_measure(arguments, tier, mazes))
            chosen = cost.choose_cheapest(arguments.engines, *_requests(arguments, tier, mazes))
            seconds = {row["engine"]: row["seconds"] for row in measured}
            columns = "  ".join(f"{row['seconds']:7.1f} s ({row['estimate']:7.1f} est.)" for row in measured)
            ratio = seconds[chosen] / min(seconds.values())
            print(f"{tier:8} {mazes:5}  {columns}  {chosen} {ratio:.2f}", flush=True)


def _measure(arguments: argparse.Namespace, tier: str, mazes: int) -> Iterator[dict[str, Any]]:
    """Run a plan with each engine, in processes of their own."""
    for engine in arguments.engines:
        command = [sys.executable, "-m", "scripts.engine_choice", arguments.checkpoint, "--one", "--tiers", tier]
        command += ["--mazes", str(mazes), "--engines", engine]
        command += ["--prompt", arguments.prompt] if arguments.prompt else []
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        row = json.loads(output.splitlines()[-1])
        if arguments.save:
            with arguments.save.open("a") as opened:
                opened.write(json.dumps(row) + "\n")
        yield row


def _requests(arguments: argparse.Namespace, tier: str, mazes: int) -> tuple[Checkpoint, Sequence[Request]]:
    checkpoint = registry.find(arguments.checkpoint)
    style = arguments.prompt or checkpoint.prompt_style
    wording = TRAINED if checkpoint.is_taught else DEFAULT_WORDINGS[style]
    prompt = PromptOptions(prompt_style=style, wording=wording)
    cases = [(checkpoint, case) for case in SUITE.cases(tier)[:mazes]]
    return checkpoint, Plan(cases, {checkpoint.name: prompt}, InferenceOptions(cache="off")).requests(checkpoint)


def _run(arguments: argparse.Namespace, tier: str, mazes: int, engine: str) -> dict[str, Any]:
    """One plan with one engine: seconds of wall time and of all processors, tokens, and the estimate."""
    checkpoint, requests = _requests(arguments, tier, mazes)
    expected = cost.estimate(checkpoint, requests, engine)
    checkpoint.prepare()
    started, replies, first = time.perf_counter(), [], 0.0
    with closing(create_engine(engine, planned=[checkpoint])) as created:
        for _, reply in created.generate(checkpoint, requests):
            first = first or time.perf_counter() - started
            replies.append(reply.tokens if isinstance(reply, Reply) else 0)
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "checkpoint": checkpoint.name,
        "tier": tier,
        "mazes": mazes,
        "prompt": arguments.prompt or checkpoint.prompt_style,
        "engine": engine,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(sum(one.ru_utime + one.ru_stime for one in used), 2),
        "first": round(first, 2),
        "startup": round(created.startup_seconds, 2),
        "tokens": sum(replies),
        "longest": max(replies),
        "estimate": round(expected.seconds, 2) if expected else 0.0,
        "expected_tokens": expected.reply_tokens if expected else 0,
        "prompt_tokens": expected.prompt_tokens if expected else 0,
    }


if __name__ == "__main__":
    main()

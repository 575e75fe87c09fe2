"""Compares two engines: each checkpoint gets the same prompts through both, with greedy decoding.

    python -m scripts.parity base sft sft-lora dpo-lora --tiers small --limit 400

All checkpoints are in one plan per engine, so that adapters of one base share one process of vLLM, together with their
base. Exits with 1 if replies differ. In bfloat16 on a GPU they may differ: rounding depends on the shape of the batch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tabulate import tabulate

from benchmark.mazes.errors import LabirintoError
from benchmark.mazes.prompt import PromptOptions
from benchmark.mazes.suite import DEFAULT, SUITES
from models import registry
from models.inference.options import InferenceOptions
from models.inference.plan import Plan

COMPARED = ("transformers", "vllm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate the replies, and print a row for each checkpoint and tier."""
    suite = SUITES[DEFAULT]
    parser = argparse.ArgumentParser(
        prog="python -m scripts.parity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "checkpoints", nargs="+", help="names, paths or hub ids, as for `pytest benchmark --checkpoint`"
    )
    parser.add_argument("--tiers", nargs="+", choices=suite.tiers, default=["small"], help="(default: small)")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N mazes of each tier (default: all)")
    options = parser.parse_args(arguments)
    rows, is_same = [], True
    try:
        chosen = [registry.find(name) for name in options.checkpoints]
        cases = [case for tier in options.tiers for case in suite.cases(tier)[: options.limit]]
        planned = [(checkpoint, case) for checkpoint in chosen for case in cases]
        prompt_options = {checkpoint.name: PromptOptions(prompt_style=checkpoint.prompt_style) for checkpoint in chosen}
        plans = [Plan(planned, prompt_options, InferenceOptions(engine, "off")) for engine in COMPARED]
        for plan in plans:
            for checkpoint in chosen:
                plan.ask(checkpoint)
            plan.close()
        for checkpoint in chosen:
            for tier in options.tiers:
                tier_cases = [case for case in cases if case.group == tier]
                first, second = ([plan.replies(checkpoint, case) for case in tier_cases] for plan in plans)
                different = sum(a != b for a, b in zip(first, second, strict=True))
                is_same = is_same and not different
                tokens = sum(reply.tokens for replies in first for reply in replies)
                rows.append([checkpoint.name, tier, len(tier_cases), tokens, different])
    except LabirintoError as error:
        print(error, file=sys.stderr)
        return 2
    print(tabulate(rows, headers=["checkpoint", "tier", "mazes", "tokens", "replies that differ"], tablefmt="github"))
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())

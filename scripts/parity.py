"""Whether two engines say the same, token for token: each checkpoint is asked the same mazes through both, greedily.

    python -m scripts.parity base sft sft-lora dpo-lora --tiers small --limit 400

All checkpoints stand in one plan for each engine, so that adapters of one base share one process of vLLM and are mixed
with what has none. Ends with 1 where replies differ. In bfloat16 on a GPU they may: a batch of another shape rounds
another way.
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
    """Ask, and print a row for each checkpoint and tier."""
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
        asking = {one.name: PromptOptions(prompt_style=one.prompt_style) for one in chosen}
        plans = [Plan(planned, asking, InferenceOptions(engine, "off")) for engine in COMPARED]
        for plan in plans:
            for checkpoint in chosen:
                plan.ask(checkpoint)
            plan.close()
        for checkpoint in chosen:
            for tier in options.tiers:
                of_tier = [case for case in cases if case.group == tier]
                one, other = ([plan.replies(checkpoint, case) for case in of_tier] for plan in plans)
                different = sum(a != b for a, b in zip(one, other, strict=True))
                is_same = is_same and not different
                tokens = sum(reply.tokens for replies in one for reply in replies)
                rows.append([checkpoint.name, tier, len(of_tier), tokens, different])
    except LabirintoError as error:
        print(error, file=sys.stderr)
        return 2
    print(tabulate(rows, headers=["checkpoint", "tier", "mazes", "tokens", "replies that differ"], tablefmt="github"))
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())

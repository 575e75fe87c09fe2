"""How long a run takes beside what it is made of, and beside other harnesses: one run, one machine.

    tox -e speed                  # everything, about a quarter of an hour
    tox -e speed -- --cases 400 --only pytest raw

The same 5x5 mazes are asked of `sft`, greedily, in float32:

| who | what |
| --- | --- |
| pytest | `pytest benchmark --engine vllm`: whole wall time, the cache written and not read |
| raw | `LLM.generate` of vLLM on the same prompts in one call |
| each | a pytest test for each maze that calls `LLM.generate` with its prompt (40 mazes) |
| lm-eval-vllm, lm-eval-hf | lm-evaluation-harness, same model, prompts and limit: whole wall time, as of pytest |
| cached, empty | 10,000 cases that are all in the cache; as many parametrized tests of pytest that do nothing |

Starting an engine (or loading a model) is told apart. Each runs in a process of its own, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

from tabulate import tabulate

from benchmark.mazes import answer
from benchmark.mazes.agents import oracle
from benchmark.mazes.prompt import PromptOptions
from benchmark.mazes.suite import DEFAULT, SUITES, Suite
from models import load, registry
from models.budget import reply_tokens
from models.engines import create_engine
from models.inference.options import InferenceOptions
from models.inference.plan import Plan
from models.inference.reply_cache import Cache, key
from models.requests import Reply

ROOT = Path(__file__).parents[1]
SINGLY = 40  # mazes that are asked one by one; all of them would take half an hour
CACHED = 10_000

# a plugin that registers `longer`: a suite with more of the small tier's mazes, by the same rule and of the same name,
# so that they begin with those that the suite has
PLUGIN = """
from scripts.speed import longer
from benchmark.mazes.suite import SUITES
SUITES["longer"] = longer({cases})
"""
RAW = """
import json, sys, time
asked = json.load(open(sys.argv[1]))
began = time.monotonic()
from vllm import LLM, SamplingParams
llm = LLM(model=asked["model"], dtype="float32", enforce_eager=True, max_num_seqs=256, seed=0, disable_log_stats=True)
started = time.monotonic()
replies = llm.generate(asked["prompts"], SamplingParams(temperature=0, max_tokens=asked["limit"]), use_tqdm=False)
ended = time.monotonic()
texts = [reply.outputs[0].text for reply in replies]
json.dump({"start": started - began, "seconds": ended - started, "texts": texts}, open(sys.argv[2], "w"))
"""
EACH = """
import json, os, pytest
asked = json.load(open(os.environ["ASKED"]))

@pytest.fixture(scope="session")
def llm():
    from vllm import LLM
    return LLM(
        model=asked["model"], dtype="float32", enforce_eager=True, max_num_seqs=256, seed=0, disable_log_stats=True
    )

@pytest.mark.parametrize("at", range(asked["singly"]))
def test_maze(llm, at):
    from vllm import SamplingParams
    sampling = SamplingParams(temperature=0, max_tokens=asked["limit"])
    assert llm.generate([asked["prompts"][at]], sampling, use_tqdm=False)
"""
EMPTY = """
import pytest
@pytest.mark.parametrize("checkpoint", ["sft"])
@pytest.mark.parametrize("case", [f"wilson-{{at:04d}}" for at in range({n})])
def test_nothing(checkpoint, case): ...
"""


@dataclass(frozen=True)
class Timed:
    """Seconds to start, seconds after that, and mazes that were asked."""

    start: float
    seconds: float
    mazes: int


def main(arguments: list[str] | None = None) -> int:
    """Run them and print a row for each, and what the ratios are."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=2000, metavar="N", help="mazes of 5x5 (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=list(RUNS), default=list(RUNS), metavar="WHO", help="of the list above"
    )
    parser.add_argument(
        "--lm-eval", metavar="PYTHON", help="the interpreter of an environment that has lm-eval (default: this one)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="labirinto-speed-") as folder:
        bench = _Bench(Path(folder), options.cases, options.lm_eval or sys.executable)
        found = {}
        for who in options.only:
            print(f"{who} ...", file=sys.stderr, flush=True)
            found[who] = RUNS[who](bench)
    rows = [
        [who, one.mazes, f"{one.start:.1f}", f"{one.seconds:.1f}", f"{one.mazes / one.seconds:.1f}"]
        for who, one in found.items()
    ]
    print(tabulate(rows, headers=["", "mazes", "start s", "then s", "mazes/s"], tablefmt="github"))
    for one, other in (("pytest", "raw"), ("pytest", "each"), ("pytest", "lm-eval-vllm"), ("pytest", "lm-eval-hf")):
        if one in found and other in found:
            per = [found[who].seconds / found[who].mazes for who in (one, other)]
            print(f"{one} takes {per[0] / per[1]:.3f} of the time of {other} ({per[1] / per[0]:.2f} times as fast)")
    if {"cached", "empty"} <= found.keys():
        print(f"cached takes {found['cached'].seconds / found['empty'].seconds:.2f} times the time of empty")
    return 0


def longer(cases: int) -> Suite:
    """The default suite with at least so many cases in the small tier."""
    suite = SUITES[DEFAULT]
    small = suite.groups["small"]
    more = replace(small, each=max(small.each, -(-cases // len(small.generators))))
    return replace(suite, groups={**suite.groups, "small": more}, recorded_digest="of more cases")


class _Bench:
    """The folder of one run, and what all of them ask."""

    def __init__(self, folder: Path, cases: int, lm_eval: str) -> None:
        self.folder, self.cases, self.lm_eval = folder, cases, lm_eval
        checkpoint = registry.find("sft")
        self.model = str(checkpoint.weights().folder)
        mazes = longer(cases).cases("small")[:cases]
        plan = Plan([(checkpoint, case) for case in mazes], {"sft": PromptOptions()}, InferenceOptions("vllm", "off"))
        cell = len(load.tokenizer(checkpoint.weights())(" (10,10)", add_special_tokens=False)["input_ids"])
        asked = {
            "model": self.model,
            "prompts": [request.prompt for request in plan.requests(checkpoint)],
            "limit": reply_tokens(25, cell),
            "singly": min(SINGLY, cases),
        }
        self.asked = folder / "asked.json"
        self.asked.write_text(json.dumps(asked))
        (folder / "more.py").write_text(PLUGIN.format(cases=cases))

    def run(self, command: list[str], **environment: str) -> float:
        """The seconds that a command took. Raises CalledProcessError with its output where it failed."""
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        vllm = {
            "VLLM_CPU_OMP_THREADS_BIND": cores,
            "VLLM_CPU_KVCACHE_SPACE": "4",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_LOGGING_LEVEL": "WARNING",
        }
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | vllm | {"PYTHONPATH": path} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        if done.returncode:
            print(done.stdout[-3000:], done.stderr[-3000:], sep="\n", file=sys.stderr)
            done.check_returncode()
        return seconds

    def pytest(self, *arguments: str) -> float:
        return self.run([sys.executable, "-m", "pytest", "-q", "-p", "more", *arguments])

    def runs(self) -> set[Path]:
        return set((ROOT / "runs").glob("*-sft.jsonl"))


def _pytest(bench: _Bench) -> Timed:
    before = bench.runs()
    seconds = bench.pytest(
        "benchmark", "-k", "small_mazes", "--suite", "longer", "--checkpoint", "sft", "--engine", "vllm",
        "--cache", "refresh", "--limit", str(bench.cases),
    )  # fmt: skip
    (saved,) = bench.runs() - before
    with saved.open() as opened:
        engine = json.loads(opened.readline())["engine"]
    saved.unlink()
    return Timed(engine["waited"], seconds - engine["waited"], bench.cases)


def _raw(bench: _Bench) -> Timed:
    target = bench.folder / "raw.json"
    bench.run([sys.executable, "-c", RAW, str(bench.asked), str(target)])
    found = json.loads(target.read_text())
    return Timed(found["start"], found["seconds"], len(found["texts"]))


def _each(bench: _Bench) -> Timed:
    file = bench.folder / "test_each.py"
    file.write_text(EACH)
    report = bench.folder / "each.xml"
    bench.run(
        [sys.executable, "-m", "pytest", "-q", "--noconftest", "-c", "/dev/null", "--durations=0", str(file),
         f"--junitxml={report}", "-o", "junit_duration_report=call"],
        ASKED=str(bench.asked),
    )  # fmt: skip
    seconds = [float(one.get("time", 0)) for one in ET.parse(report).iter("testcase")]  # noqa: S314  pytest wrote it
    return Timed(0.0, sum(seconds), len(seconds))


def _lm_eval(backend: str) -> Callable[[_Bench], Timed]:
    def run(bench: _Bench) -> Timed:
        target = bench.folder / f"{backend}.json"
        script = str(Path(__file__).with_name("speed_lm_eval.py"))
        seconds = bench.run([bench.lm_eval, script, backend, str(bench.asked), str(target)])
        start: float = json.loads(target.read_text())["start"]
        return Timed(start, seconds - start, bench.cases)

    return run


def _cached(bench: _Bench) -> Timed:
    """All of it from the cache: five names for one model, asked all tiers; it says what the oracle says."""
    names = [f"same-{number}" for number in range(CACHED // 2000)]
    checkpoint = registry.find("base")
    (bench.folder / "names.toml").write_text("".join(f'{name} = "{checkpoint.weights().folder}"\n' for name in names))
    suite = SUITES[DEFAULT]
    cases = [case for tier in suite.tiers for case in suite.cases(tier)]
    plan = Plan([(checkpoint, case) for case in cases], {"base": PromptOptions()}, InferenceOptions("transformers"))
    described, content = create_engine("transformers").describe(checkpoint), checkpoint.content()
    cache = Cache(bench.folder / "home" / "replies.sqlite")
    cache.put(
        {
            key(content, described, request.cache_key()): Reply(answer.write(oracle(request.case)), 9, truncated=False)
            for request in plan.requests(checkpoint)
        },
        "base",
        "transformers",
    )
    cache.close()
    chosen = [word for name in names for word in ("--checkpoint", name)]
    _floors(bench)
    seconds = bench.run(
        [sys.executable, "-m", "pytest", "-q", "benchmark/test_mazes.py", "--engine", "transformers",
         "--checkpoints", str(bench.folder / "names.toml"), *chosen],
        LABIRINTO_HOME=str(bench.folder / "home"),
    )  # fmt: skip
    for file in (ROOT / "runs").glob("*-same-?.jsonl"):
        file.unlink()
    return Timed(0.0, seconds, CACHED)


def _floors(bench: _Bench) -> None:
    """What agents come to, which the session that filled the cache would have left behind."""
    code = (
        "from benchmark.mazes.suite import DEFAULT, SUITES; from reports import baseline_agents\n"
        "suite = SUITES[DEFAULT]\n"
        "for tier in suite.tiers:\n"
        "    cases = sorted(suite.cases(tier), key=lambda case: case.id)\n"
        "    baseline_agents.score_agents(suite, tier, {case.id: case.digest for case in cases})"
    )
    bench.run([sys.executable, "-c", code], LABIRINTO_HOME=str(bench.folder / "home"))


def _empty(bench: _Bench) -> Timed:
    file = bench.folder / "test_empty.py"
    file.write_text(EMPTY.format(n=CACHED))
    return Timed(0.0, bench.run([sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", str(file)]), CACHED)


RUNS: dict[str, Callable[[_Bench], Timed]] = {
    "pytest": _pytest,
    "raw": _raw,
    "each": _each,
    "lm-eval-vllm": _lm_eval("vllm"),
    "lm-eval-hf": _lm_eval("hf"),
    "cached": _cached,
    "empty": _empty,
}

if __name__ == "__main__":
    sys.exit(main())

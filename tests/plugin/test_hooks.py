"""The examples in the docstrings of our hooks, each in a conftest.py of its own."""

import inspect
import textwrap

import pytest

from reports import hookspec

pytest_plugins = ["pytester"]

FEW = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "40", "--checkpoint"]


def example(name):
    """The code of a hook's docstring."""
    _, _, code = inspect.getdoc(getattr(hookspec, name)).partition(":\n\n")
    return textwrap.dedent(code)


def test_a_measure_is_compared_and_gated(project):
    project.extend(example("pytest_labirinto_measures"))
    assert project.runpytest_inprocess(*FEW, "wall-follower", "--save", "a").ret == 0
    result = project.runpytest_inprocess(*FEW, "random-walk", "--compare", "a", "--fail-on", "progress:2%")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["tiny.progress *40 * worse", "random-walk is worse than *.jsonl in progress of tiny: *"]
    )
    refused = project.runpytest_inprocess(*FEW, "random-walk", "--compare", "a", "--fail-on", "speed:2%")
    assert "accuracy, optimal, spl, progress" in " ".join(refused.stderr.str().split())


def test_a_column_stands_in_the_table(project):
    project.extend(example("pytest_labirinto_columns"))
    result = project.runpytest_inprocess(*FEW, "wall-follower", "--report", "markdown")
    result.stdout.fnmatch_lines(
        ["mazes *unreadable *solved", "tiny *wall-follower * 37 of 40", "| tiny | wall-follower |*| 37 of 40 |"]
    )


def test_a_format_is_written(project):
    project.extend(example("pytest_labirinto_formats"))
    result = project.runpytest_inprocess(*FEW, "wall-follower", "--report", "share=solved.txt")
    assert result.ret == 0
    assert (project.path / "solved.txt").read_text() == "92.5"


def test_a_gate_fails_the_session(project):
    project.extend(example("pytest_labirinto_gates").replace('"truncated"', '"short"'))
    result = project.runpytest_inprocess(*FEW, "greedy")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["19 replies were cut off"])
    assert project.runpytest_inprocess(*FEW, "oracle").ret == 0


def test_every_hook_has_an_example():
    hooks = [name for name in vars(hookspec) if name.startswith("pytest_")]
    assert len(hooks) == 4
    for name in hooks:
        assert f"def {name}(config" in example(name)


@pytest.mark.parametrize("name", ["pytest_labirinto_measures", "pytest_labirinto_gates"])
def test_what_a_hook_raises_is_not_hidden(project, name):
    arguments = "config, report" if name.endswith("gates") else "config"
    project.extend(f"def {name}({arguments}):\n    raise RuntimeError('mine')\n")
    result = project.runpytest_inprocess(*FEW, "oracle")
    assert result.ret != 0
    assert "mine" in result.stdout.str() + result.stderr.str()


def test_what_stands_in_our_tables_needs_no_hook(project):
    project.extend(
        """
from reports.measures import MEASURES, Measure
from reports.render import FORMATS, Format
MEASURES["legal"] = Measure("no illegal move", lambda record: record.outcome != "wall")
FORMATS["names"] = Format("the checkpoints", lambda report: ",".join(report.runs), default_path="names.txt")
"""
    )
    assert project.runpytest_subprocess(*FEW, "oracle", "--save", "a", "--report", "names").ret == 0
    assert (project.path / "names.txt").read_text() == "oracle"
    result = project.runpytest_subprocess(*FEW, "random-walk", "--compare", "a", "--fail-on", "legal:2%")
    result.stdout.fnmatch_lines(["tiny.legal *40 *"])

"""A suite of one's own is asked through pytest."""

pytest_plugins = ["pytester"]

CONFTEST = """
from benchmark.mazes.suite import SUITES, Group, Suite
GROUPS = {
    "little": Group(3, 3, each=2, generators=("wilson",)),
    "wide": Group(2, 5, each=1, generators=("prim", "dfs")),
}
SUITES["small-v1"] = Suite("small-v1", GROUPS, tiers=("little", "wide"))
"""
TESTS = """
import pytest

@pytest.mark.mazes("little", "wide")
def test_mine(evaluate):
    evaluate()
"""
USAGE = 4


def test_an_agent_is_asked_about_a_suite_that_a_conftest_registers(project, monkeypatch):
    project.extend(CONFTEST)
    project.makepyfile(test_mine=TESTS)
    options = ["--suite", "small-v1", "--checkpoint", "oracle"]
    result = project.runpytest_subprocess("--collect-only", "-q", *options, "test_mine.py")
    result.stdout.fnmatch_lines(["*test_mine[[]oracle-little-wilson-0001[]]", "*[[]oracle-wide-dfs-0000[]]"])
    result = project.runpytest_subprocess(*options, "--report", f"html={project.path / 'page.html'}")
    result.stdout.fnmatch_lines(["*little*oracle*100.0*", "*5 deselected, 4 solved in*"])
    (file,) = (project.path / "runs").glob("*.jsonl")
    first, *rows = file.read_text().splitlines()
    assert '"suite": "small-v1"' in first
    assert len(rows) == 4
    # read by whoever knows the suite
    result = project.runpython_c(
        f"import conftest; from reports.__main__ import main; raise SystemExit(main(['show', {str(file)!r}]))"
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*wide*"])


def test_a_suite_that_there_is_not_is_told(project):
    result = project.runpytest_subprocess("--suite", "nothing")
    assert result.ret == USAGE
    result.stderr.fnmatch_lines(["*--suite: unknown suite 'nothing'. The suites are labirinto-v1*"])

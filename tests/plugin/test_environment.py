"""Sessions in which a plugin is switched off, or a library warns: they measure as ever."""

import os
import subprocess
import sys

import pytest

from ..conftest import ROOT

pytest_plugins = ["pytester"]

FEW = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "2", "--checkpoint", "oracle"]


@pytest.mark.parametrize("name", ["benchmark", "capture", "cacheprovider", "junitxml", "warnings", "logging"])
def test_a_plugin_may_be_switched_off(project, name):
    project.makeini("[pytest]\naddopts = -p fixtures.plugin -p reports.plugin\n")
    project.add("test_throughput.py")
    result = project.runpytest_inprocess(*FEW, "test_throughput.py", "-p", f"no:{name}")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["tiny *oracle *2 *", "saved runs/*-oracle.jsonl"])


def test_python_may_be_told_to_leave_assertions_out(project):
    command = [sys.executable, "-O", "-m", "pytest", "-c", "pytest.ini", *FEW]
    project.makefile(".ini", pytest="[pytest]\naddopts = -p fixtures.plugin -p reports.plugin\n")
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "saved runs/" in done.stdout


@pytest.mark.parametrize(("option", "saved"), [("--setup-only", 1), ("--setup-plan", 0)])
def test_a_session_that_only_sets_up_ends_well(project, option, saved):
    result = project.runpytest_inprocess(*FEW, option)
    assert result.ret == 0
    assert len(list(project.path.glob("runs/*"))) == saved


def test_a_warning_of_a_library_ends_no_session_of_a_user(tmp_path):
    """With the settings of the checkout; a plugin warns where pytest-asyncio does."""
    (tmp_path / "warner.py").write_text(
        "import warnings\nimport pytest\n"
        "def pytest_configure(config):\n    warnings.warn('configured', DeprecationWarning)\n"
        "def pytest_collection_modifyitems(config):\n    warnings.warn('collected', pytest.PytestDeprecationWarning)\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "warner",
            "benchmark",
            "--collect-only",
            "-q",
            "--limit=1",
            "-k",
            "tiny",
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_tiny_mazes" in done.stdout


def test_a_warning_is_an_error_in_our_own_tests(pytestconfig):
    assert "error" in pytestconfig.getini("filterwarnings")
    with pytest.raises(UserWarning):
        import_warner()


def import_warner():
    import warnings

    warnings.warn("mine", UserWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('mazes("mine")', "unknown group 'mine'. The groups are tiny, small, "),
        ('mazes("tiny", "TINY", 3)', "unknown group 'TINY', 3. The groups are tiny, "),
        ('mazes(["tiny"])', "unknown group ['tiny']. The groups are tiny, "),
        ("mazes()", "needs the name of at least one group. The groups are tiny, "),
        ('mazes(group="tiny")', "takes group names only, without a keyword such as group=. The groups are tiny, "),
        ('mazes("tiny", "tiny")', "'tiny' is given twice. The groups are tiny, "),
        ('throughput("mine")', "unknown group 'mine'. The groups are tiny, "),
    ],
)
def test_a_marker_of_no_group_is_told_with_those_that_there_are(project, marker, message):
    fixtures = "evaluate" if marker.startswith("mazes") else "checkpoint, tier, engine"
    project.makepyfile(test_mine=f"import pytest\n\n@pytest.mark.{marker}\ndef test_mine({fixtures}):\n    pass\n")
    result = project.runpytest_inprocess("test_mine.py", "--checkpoint", "oracle", "--collect-only")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"test_mine.py::test_mine: @pytest.mark.{marker.partition('(')[0]}: {message}" in result.stderr.str()

"""Values of our options are no test paths: no conftest.py beside a model is run, and no settings are read there.

The commands run in a copy of the checkout, each in a process of its own. `forked` makes the many of them: it imports
what is slow to import once.
"""

import configparser
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import early

from ..conftest import ROOT

pytest_plugins = ["pytester"]

HOSTILE = "import os, pathlib\npathlib.Path(os.environ['RAN']).open('a').write(__file__ + '\\n')\n"
PLUGIN = "-p hostile"
SETTINGS = {
    "pytest.ini": f"[pytest]\naddopts = {PLUGIN}\npythonpath = .\ntestpaths = nowhere\n",
    "tox.ini": f"[pytest]\naddopts = {PLUGIN}\npythonpath = .\n",
    "setup.cfg": f"[tool:pytest]\naddopts = {PLUGIN}\npythonpath = .\n",
    "pyproject.toml": f'[tool.pytest.ini_options]\naddopts = "{PLUGIN}"\npythonpath = "."\n',
    "setup.py": HOSTILE,
}
FORKED = """
import json, os, sys
import pytest
sys.path.insert(0, os.getcwd())
import fixtures.plugin, reports.plugin
sys.path.pop(0)
rows = []
for command in json.load(sys.stdin):
    child = os.fork()
    if not child:
        sys.stdout = sys.stderr = open(os.environ["SAID"], "w")
        code = pytest.main(command)
        sys.stdout.flush()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ran = os.environ["RAN"]
    rows.append([code, open(ran).read() if os.path.exists(ran) else "", open(os.environ["SAID"]).read()])
    if rows[-1][1]:
        os.unlink(ran)
json.dump(rows, sys.stdout)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, `above/labirinto`; `mine` in it and `above/models/mine` have a conftest.py."""
    root = tmp_path_factory.mktemp("early") / "above" / "labirinto"
    for room in ("benchmark", "models", "fixtures", "reports"):
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    for file in ("conftest.py", "pyproject.toml", "tox.ini"):
        shutil.copy(ROOT / file, root)
    for folder in (root / "mine", root.parent / "models" / "mine"):
        folder.mkdir(parents=True)
        (folder / "conftest.py").write_text(HOSTILE)
        (folder / "config.json").write_text("{}")
    (root.parent / "models" / "conftest.py").write_text(HOSTILE)
    (root.parent / "conftest.py").write_text(HOSTILE)
    return root


@pytest.fixture
def above(checkout):
    """Write hostile settings into a folder above or beside the checkout; they are gone after the test."""
    written = []

    def write(folder, *names):
        for name in names:
            (folder / name).write_text(SETTINGS[name])
            written.append(folder / name)
        (folder / "hostile.py").write_text(HOSTILE)
        written.append(folder / "hostile.py")

    yield write
    for file in written:
        file.unlink()


def environment(checkout):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    return clean | {"RAN": str(checkout.parent / "ran"), "SAID": str(checkout.parent / "said"), "OMP_NUM_THREADS": "1"}


def forked(checkout, commands):
    """Exit code, what of the hostile files was run, and the output, of each of these commands in the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        input=json.dumps(commands),
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(zip(commands, json.loads(done.stdout), strict=True))


def value_options(pytestconfig):
    names = early.value_options(pytestconfig)
    assert {"--checkpoint", "--checkpoints", "--save", "--compare", "--report", "--endpoint", "--limit"} <= names
    return sorted(names)


def test_no_value_of_any_of_our_options_is_a_test_path(checkout, pytestconfig):
    inside, outside = "mine", str(checkout.parent / "models" / "mine")
    commands = [
        ["benchmark", "--markers", *words]
        for name in value_options(pytestconfig)
        for words in ([name, inside], [name, f"{outside}/config.json"], [f"{name}={outside}"])
    ]
    for command, (code, ran, said) in forked(checkout, commands):
        assert ran == "", command
        assert code in (0, 4), (command, said)
        assert "recognized arguments" not in said


def test_the_test_above_would_see_it(checkout):
    ((_, (_, ran, _)),) = forked(checkout, [["benchmark", "--markers", "--unknown", "mine"]])
    assert ran == f"{checkout / 'mine' / 'conftest.py'}\n"


@pytest.mark.parametrize("program", [["-m", "pytest"], [str(Path(sys.executable).with_name("pytest"))]])
def test_a_model_beside_its_conftest_is_collected_and_nothing_is_run(checkout, program):
    command = [sys.executable, *program, "--collect-only", "-q", "--limit", "1", "-k", "tiny_mazes", "benchmark"]
    agent = ["--checkpoint", "oracle", "--checkpoints", "mine/names.toml", "--save", "mine", "--compare", "mine"]
    (checkout / "mine" / "names.toml").write_text("")
    done = subprocess.run(
        [*command, *agent], cwd=checkout, env=environment(checkout), capture_output=True, text=True, check=False
    )
    assert "test_tiny_mazes[oracle-dfs-0000]" in done.stdout, done.stderr
    assert not (checkout.parent / "ran").exists()


def test_without_a_path_the_benchmark_is_collected(checkout):
    commands = [
        ["--collect-only", "-q", "--checkpoint", "oracle", "--limit", "1"],
        ["--collect-only", "-q", "--limit=1"],
    ]
    for _, (code, _, said) in forked(checkout, commands):
        assert code == 0, said
        assert "benchmark/test_mazes.py::test_tiny_mazes[" in said


def test_settings_beside_a_model_are_not_read(checkout, above):
    outside = checkout.parent / "models" / "mine"
    for folder in (checkout / "mine", outside):
        above(folder, *SETTINGS)
    commands = [["benchmark", "--markers", "--checkpoint", value] for value in ("mine", str(outside))]
    for command, (_, ran, said) in forked(checkout, commands):
        assert ran == "", command
        assert "no model in " in said


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_above_the_checkout_are_not_read_by_tox(checkout, above, name):
    above(checkout.parent, name)
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(checkout / "tox.ini")
    program, *words = settings["testenv:benchmark"]["commands"].replace("{posargs}", "").split()
    assert program == "pytest"
    outside = str(checkout.parent / "models" / "mine")
    commands = [[*words, "--markers", "--checkpoint", outside], [*words[:2], "--markers", "--checkpoint", outside]]
    for _, (code, ran, said) in forked(checkout, commands):
        assert (code, ran) == (4, "")
        assert "no model in " in said
    ((_, (code, _, said)),) = forked(checkout, [[*words, "-q", "--collect-only", "--limit=1"]])
    assert code == 0
    assert "\nbenchmark/test_mazes.py::test_tiny_mazes[" in f"\n{said}"


def test_settings_above_the_checkout_are_refused_by_plain_pytest(checkout):
    outside = checkout.parent / "models" / "mine"
    (checkout.parent / "pytest.ini").write_text("[pytest]\n")
    (checkout.parent / "conftest.py").rename(checkout.parent / "conftest.txt")
    ((_, (code, ran, said)), (_, (told, _, _))) = forked(
        checkout,
        [
            ["benchmark", "--collect-only", "--checkpoint", str(outside)],
            ["benchmark", "--collect-only", "-q", "--limit", "1", "--rootdir", str(checkout.parent)],
        ],
    )
    (checkout.parent / "conftest.txt").rename(checkout.parent / "conftest.py")
    (checkout.parent / "pytest.ini").unlink()
    assert (code, ran) == (4, "")
    assert f"pytest uses the settings in {checkout.parent}/pytest.ini instead of {checkout}," in said
    assert f"Add -c {checkout}/pyproject.toml" in said
    assert told == 0  # whoever names a root folder has it


def test_who_loads_the_plugins_in_a_conftest_is_told(project):
    """The value is a test path before the conftest is read: the settings are the place for plugins with options."""
    project.makeini("[pytest]\n")
    folder = project.mkdir("mine")
    (folder / "conftest.py").write_text("raise RuntimeError('was run')")
    for name in ("--checkpoint", "--save"):
        result = project.runpytest_subprocess("test_mazes.py", name, "mine")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        message = f"{name} mine: pytest takes mine for a test path, "
        assert message in result.stderr.str()
        assert "was run" not in result.stderr.str()
        assert (
            f"Write {name}=mine, or load the plugins in the settings of pytest: addopts = -p fixtures"
            in result.stderr.str()
        )
    result = project.runpytest_subprocess("test_mazes.py", "--collect-only", "-q", "--limit=1", "--save=mine")
    assert result.ret == 0

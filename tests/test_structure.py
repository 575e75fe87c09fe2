"""The structure of the code: no circles among the files, few imports inside functions, contracts that can fail."""

import ast
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

from .conftest import ROOT

ROOMS = ("benchmark", "models", "fixtures", "reports", "scripts")
LATE_IMPORTS = 59
"""At most so many imports stand inside functions, all rooms together: each is a seam to something heavy."""


def module_of(file, root):
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@cache
def parsed(root=ROOT):
    files = [file for room in ROOMS for file in sorted((root / room).rglob("*.py"))]
    return {module_of(file, root): (file, ast.parse(file.read_text())) for file in files}


def imported(module, file, node, known):
    """The modules of ours that an import statement names, of itself or of a name in them."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & known
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    parts = package.split(".")
    base = (
        ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])]) if node.level else node.module
    )
    names = {f"{base}.{alias.name}" for alias in node.names}
    return names & known or {base} & known


def circles(modules):
    """Circles among files, imports in functions and for types counted too."""
    graph = nx.DiGraph()
    for module, (file, tree) in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                graph.add_edges_from((module, other) for other in imported(module, file, node, modules.keys()))
    return [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]


def late_imports(modules):
    """How many import statements stand inside functions, by file."""
    counts = defaultdict(set)
    for file, tree in modules.values():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                counts[str(file.relative_to(ROOT))].update(lines)
    return {file: len(lines) for file, lines in counts.items() if lines}


def test_no_circle_among_the_files():
    assert circles(parsed()) == []


def test_a_circle_would_be_found():
    modules = dict(parsed())
    file, tree = modules["models.hub"]
    modules["models.hub"] = file, ast.parse(ast.unparse(tree) + "\ndef late():\n    from models import registry\n")
    assert ["models.checkpoints", "models.checkpoints.remote", "models.hub", "models.registry"] in circles(modules)


def test_few_imports_stand_inside_functions():
    counts = late_imports(parsed())
    assert sum(counts.values()) <= LATE_IMPORTS, counts


PLANTED = {
    "Imports run one way": ("models/hub.py", "from reports import statistics"),
    "Models are a ladder": ("models/store.py", "from models import registry"),
    "No circles in models": ("models/data/search.py", "from models.data import formats"),
    "No circles in reports": ("reports/statistics.py", "from reports import comparison"),
    "No circles in fixtures": ("fixtures/choice.py", "from fixtures import plugin"),
    "No circles in the benchmark": ("benchmark/mazes/maze.py", "from benchmark.mazes import solve"),
    "The maze domain is NumPy and Numba only": ("benchmark/mazes/maze.py", "import torch"),
    "Statistics are pure": ("reports/statistics.py", "import numpy"),
    "MRI is arrays in, result out": ("reports/mri/result.py", "from reports.render import charts"),
}


def lint_imports(folder):
    """What import-linter says of each contract: KEPT or BROKEN."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)", done.stdout, re.MULTILINE)) or done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_are_kept_and_each_can_break(copy):
    assert lint_imports(copy) == dict.fromkeys(PLANTED, "KEPT")
    whole = {file: (copy / file).read_text() for file, _ in PLANTED.values()}
    for file, line in PLANTED.values():
        with (copy / file).open("a") as opened:
            opened.write(f"\n{line}\n")
    assert lint_imports(copy) == dict.fromkeys(PLANTED, "BROKEN")
    for file, text in whole.items():
        (copy / file).write_text(text)

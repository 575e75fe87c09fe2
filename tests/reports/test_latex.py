"""The table for a paper compiles, whatever a checkpoint is called."""

import shutil
import subprocess

import pytest

from reports.render import FORMATS
from reports.render.latex import escape
from reports.report import build_report

from .test_comparison import run

NAMES = ["sft", "a_b&c%d#e$f{g}h~i^j\\k", "ção/modelo"]


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("pdflatex"), reason="no pdflatex here: Debian's texlive-latex-recommended brings it"
)
@pytest.mark.parametrize("name", ["latex", "latex-pt"])
def test_it_compiles(tmp_path, name):
    table = FORMATS[name].write(build_report({checkpoint: run({"tiny": [True, False]}) for checkpoint in NAMES}))
    packages = r"\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{booktabs}"
    document = rf"\documentclass{{article}}{packages}\begin{{document}}{table}\end{{document}}"
    (tmp_path / "table.tex").write_text(document)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "table.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_in_a_name_is_a_command():
    assert escape("a_b\\c") == r"a\_b\textbackslash{}c"

"""`--mri`, the fixture, and the command, on checkpoints that are really built."""

import json
import shutil
import subprocess
import sys

import pytest

from .conftest import TINY
from .test_page import ARGUMENTS as ARGUMENTS_OF_CHROMIUM
from .test_page import CHROMIUM

pytest_plugins = ["pytester"]

FEW = """
from reports.mri import diff
diff.Options.__init__.__defaults__ = (24, ("tiny",), ("SVD",))
"""
ARGUMENTS = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "6"]


@pytest.fixture
def tiny_project(project):
    project.extend(TINY + FEW)
    return project


def test_a_session_looks_inside_its_fine_tunes(tiny_project):
    result = tiny_project.runpytest_subprocess(*ARGUMENTS, "--mri", "--report", "html", "--report", "json=all.json")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["sft beside base, before the first move", "*layer *CKA *change % *lens %", "*LLM-MRI's graphs (SVD, centred)*"]
    )
    assert "activations: 100%" in result.stderr.str()
    page = (tiny_project.path / "report.html").read_text()
    assert "Logit lens" in page
    assert "no activation diff" not in page
    (found,) = json.loads((tiny_project.path / "all.json").read_text())["activations"]
    assert found["base"] == "base"
    assert [group["n"] for group in found["tuned"][0]["groups"]]  # the mazes of the session, by what became of them
    if CHROMIUM:
        _opens(tiny_project.path / "report.html")


def _opens(file):
    """In a browser, on a phone: nothing goes wrong, nothing is asked of a network, nothing is wider than the screen."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    said = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS_OF_CHROMIUM)
        page = browser.new_page(viewport={"width": 375, "height": 700})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url))
        page.goto(file.as_uri())
        pictures = page.locator("#activations figure")
        assert pictures.count() >= 8
        pictures.last.scroll_into_view_if_needed()
        assert pictures.last.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        browser.close()
    assert said == []


def test_ctrl_c_while_it_looks_inside_loses_no_run_and_no_table(tiny_project):
    tiny_project.extend("def stop(*_, **__):\n    raise KeyboardInterrupt\ndiff.scan = stop\n")
    result = tiny_project.runpytest_subprocess(*ARGUMENTS, "--mri", "--checkpoint", "sft")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["tiny *sft *6 *", "saved runs/*-sft.jsonl", "--mri: stopped; *"], consecutive=False)


def test_agents_have_nothing_inside(project):
    result = project.runpytest_inprocess(*ARGUMENTS, "--mri", "--checkpoint", "oracle")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["--mri: none of these checkpoints was made from another one that is known"])


def test_a_test_asserts_on_a_diff(tiny_project):
    """The example of docs/activations.md."""
    from ..conftest import ROOT

    _, _, rest = (ROOT / "docs" / "activations.md").read_text().partition("```python\n")
    code, _, _ = rest.partition("```")
    assert "activation_diff" in code
    tiny_project.makepyfile(test_inside=code)
    result = tiny_project.runpytest_subprocess("test_inside.py")
    assert (
        "1 passed" in result.stdout.str() or "assert" in result.stdout.str()
    )  # so small an sft may have learned nothing
    assert "Error: " not in result.stdout.str()


def test_the_command_writes_what_is_asked_for(tiny_project, tiny_model):
    code = TINY + FEW + "import sys\nfrom reports.__main__ import main\nsys.exit(main(sys.argv[1:]))"

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", code, "mri", *arguments],
            cwd=tiny_project.path,
            capture_output=True,
            text=True,
            check=False,
        )

    same = [str(tiny_model), str(shutil.copytree(tiny_model, tiny_project.path / "copy"))]
    done = run(
        *same, "--texts", "16", "--tiers", "tiny", "--html", "mri.html", "--json", "mri.json", "--markdown", "mri.md"
    )
    assert done.returncode == 0, done.stderr
    assert "nothing changed: every layer does what the base's does" in done.stdout
    assert (tiny_project.path / "mri.html").read_text().startswith("<!doctype html>")
    assert json.loads((tiny_project.path / "mri.json").read_text())["about"]["texts"] == 16
    assert "| layer |" in (tiny_project.path / "mri.md").read_text().replace("   ", " ").replace("  ", " ")
    wrong = run("base", "sfft")
    assert wrong.returncode == 2
    assert "no checkpoint 'sfft'" in wrong.stderr
    assert "Traceback" not in wrong.stderr

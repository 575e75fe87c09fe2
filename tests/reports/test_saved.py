"""Where runs lie: names, sessions that end at once, and what a command takes away."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmark.mazes.errors import RunError
from benchmark.mazes.labirinto_v1 import SUITE
from reports import baseline_agents, saved
from reports.__main__ import main
from reports.run import Run, read, write

from ..conftest import ROOT
from .test_comparison import ABOUT
from .test_leaderboard import measured

WHEN = datetime(2026, 11, 23, 8, 15, 3, tzinfo=UTC)
RACE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from reports import saved
from reports.run import Run, write

root, when, children = Path(sys.argv[1]), datetime(2026, 11, 23, 8, 15, 3, tzinfo=UTC), []
about = {"suite": "labirinto-v1", "started": when.isoformat(), "ended": when.isoformat()}
ready, go = os.pipe(), os.pipe()
for number in range(8):
    if (child := os.fork()) == 0:
        os.write(ready[1], b".")
        os.close(go[1])
        os.read(go[0], 1)  # until the parent closes it: all begin at once
        run = Run(about | {"checkpoint": {"name": "sft"}, "command": [str(number)]}, [])
        if sys.argv[2] == "dated":
            write(run, saved.dated(root, when, "sft"))
        else:
            file = saved.path(root, "nightly", "sft")
            saved.set_aside(root, file)
            saved.put(root, Run(run.provenance | {"saved_as": "nightly"}, []), file)
        os._exit(0)
    children.append(child)
for _ in children:
    os.read(ready[0], 1)
os.close(go[1])
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(name, checkpoint="sft", day=1, **about):
    """A run of three replies in runs/NAME.jsonl."""
    date = f"2026-11-{day:02d}T08:00:00+00:00"
    provenance = ABOUT | {"checkpoint": {"name": checkpoint}, "started": date, "ended": date} | about
    file = Path("runs") / f"{name}.jsonl"
    write(Run(provenance, measured("tiny", [True, False, True])), file)
    return file


@pytest.mark.parametrize("way", ["dated", "named"])
def test_of_eight_sessions_that_end_at_once_all_runs_stay(tmp_path, way):
    done = subprocess.run([sys.executable, "-c", RACE, tmp_path, way], cwd=ROOT, check=False)
    assert done.returncode == 0
    runs = [read(file).provenance for file in (tmp_path / "runs").iterdir()]
    assert sorted(run["command"] for run in runs) == [[str(number)] for number in range(8)]
    assert sum("saved_as" in run for run in runs) == (way == "named")


def test_a_run_that_was_only_begun_is_listed_as_cut_off_and_is_not_the_latest(folder, capsys):
    save("one")
    saved.dated(Path(), WHEN, "sft")
    assert main(["list"]) == 0
    assert "cut off" in capsys.readouterr().out
    assert saved.find(Path(), "latest")[0].name == "one.jsonl"


@pytest.mark.parametrize(
    "name", ["latest", "Baseline", " latest ", "", " ", ".", "..", ".hidden", "../x y", "a/b", "a\\b", "x.jsonl", "-x",
             "a\nb", "a\x1b[31m", "x" * 101, "a:b", "\ud800", "x "],
)  # fmt: skip
def test_a_name_that_cannot_be_one_is_refused_and_it_is_said_what_can(name):
    with pytest.raises(RunError, match=r"^--save: .*(is reserved|cannot be a name: a name is 1 to 100 letters)"):
        saved.check_name(name)


@pytest.mark.parametrize("name", [None, "nightly", "release 1.2", "é-名前", "a@b+c", "_x", "x" * 100, "latest-2"])
def test_other_names_are_names(name):
    saved.check_name(name)


@pytest.mark.parametrize("checkpoint", ["x" * 300, "名" * 200, "../" * 100 + "model", "org/name@" + "f" * 250])
def test_a_long_name_is_a_file_that_can_be_written_and_found(folder, checkpoint):
    file = saved.path(Path(), "名" * 100, checkpoint)
    other = saved.path(Path(), "名" * 100, checkpoint + "2")
    assert file != other
    for path, name in ((file, checkpoint), (other, checkpoint + "2")):
        run = Run({"checkpoint": {"name": name}, "saved_as": "n", "started": WHEN.isoformat()}, [])
        saved.put(Path(), run, path)
    assert saved.find(Path(), "n", checkpoint)[0] == file
    aside = saved.set_aside(Path(), file)
    assert read(aside).checkpoint == checkpoint
    assert saved.update_baseline(Path(), checkpoint, Run({"checkpoint": {"name": checkpoint}}, []))[0].is_file()


def test_names_that_look_alike_as_files_do_not_take_each_others_place(folder):
    for checkpoint in ("org/m", "org_m", "org m"):
        run = Run(ABOUT | {"checkpoint": {"name": checkpoint}, "saved_as": "n"}, measured("tiny", [True]))
        saved.put(Path(), run, saved.path(Path(), "n", checkpoint))
        saved.update_baseline(Path(), checkpoint, run)
    assert len(list(Path("runs").glob("*.jsonl"))) == len(list(Path(saved.BASELINES).glob("*.jsonl"))) == 3
    for checkpoint in ("org/m", "org_m", "org m"):
        for name in ("n", "baseline"):
            assert saved.find(Path(), name, checkpoint)[1].checkpoint == checkpoint


def test_a_name_that_is_a_file_too_is_the_run_of_that_name(folder):
    save("one", saved_as="nightly")
    Path("nightly").write_text("not a run\n")
    assert saved.find(Path(), "nightly")[0] == Path("runs/one.jsonl")
    with pytest.raises(RunError, match="no saved run"):
        saved.find(Path(), "x" * 5000)


def test_one_run_without_a_date_does_not_end_the_commands(folder, capsys):
    save("one")
    content = save("two").read_text().replace('"2026-11-01T08:00:00+00:00"', "null", 1)
    Path("runs/two.jsonl").write_text(content)
    for command in ("list", "leaderboard"):
        main([command])
        out, err = capsys.readouterr()
        assert "sft" in out
        assert err.startswith("runs/two.jsonl, line 1: started cannot be None: it is to be a date and time (ISO 8601)")
        assert err.count("\n") == 1


@pytest.mark.parametrize("keep", ["-1", "-20", "nan", "1.5", "", "1e3", "²", "1_0"])
def test_prune_refuses_what_is_no_number_of_runs(folder, capsys, keep):
    save("one")
    with pytest.raises(SystemExit) as ended:
        main(["prune", f"--keep={keep}"])
    assert ended.value.code == 2
    assert "is not an integer of 0 or more" in capsys.readouterr().err
    assert Path("runs/one.jsonl").exists()


def test_prune_lists_what_goes_and_a_dry_run_takes_nothing(folder, capsys):
    for day in (1, 2, 3):
        save(f"day-{day}", day=day)
    save("named", saved_as="nightly")
    assert main(["prune", "--keep", "1", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "would remove runs/day-1.jsonl\nwould remove runs/day-2.jsonl\nwould remove 2 of 3 runs without a name\n"
    )
    assert len(list(Path("runs").iterdir())) == 4
    assert main(["prune", "--keep", "1"]) == 0  # no terminal, so nothing is asked
    assert "remove runs/day-1.jsonl\n" in capsys.readouterr().out
    assert sorted(file.name for file in Path("runs").iterdir()) == ["day-3.jsonl", "named.jsonl"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "options", "left"),
    [("y\n", [], 0), ("yes\n", [], 0), ("\n", [], 1), ("n\n", [], 1), ("", [], 1), ("n\n", ["--yes"], 0)],
)
def test_prune_asks_at_a_terminal(folder, monkeypatch, capsys, typed, options, left):
    save("one")
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert main(["prune", "--keep", "0", *options]) == 0
    assert len(list(Path("runs").iterdir())) == left
    out = capsys.readouterr().out
    assert ("remove these 1 runs? [y/N]" in out) == (not options)
    assert ("nothing was removed" in out) == bool(left)


def test_check_without_a_file_is_a_usage_error(folder, capsys):
    save("one")
    with pytest.raises(SystemExit) as ended:
        main(["leaderboard", "--check"])
    assert ended.value.code == 2
    assert "--check needs --readme FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [["show", "one", "--report", "json=/proc/x/y"], ["show", "one", "--report", "json=runs"],
     ["show", "one", "--report", "json=" + "x" * 300], ["leaderboard", "--readme", "/proc/version"],
     ["leaderboard", "--readme", "none"]],
)  # fmt: skip
def test_what_cannot_be_written_is_told_and_is_no_success(folder, capsys, command):
    save("one")
    assert main(command) == 2
    assert capsys.readouterr().err.startswith(("cannot write the report", "/proc/version has no place", "cannot read"))


def test_a_reader_that_goes_away_and_a_full_disk_are_no_traceback(folder):
    for number in range(3):
        save(f"run-{number}")
    command = f"{sys.executable} -m reports"
    script = f"{command} list | true; echo ${{PIPESTATUS[0]}}; {command} list > /dev/full; echo $?"
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["141", "2"]
    assert done.stderr == "cannot write the output: No space left on device\n"


@pytest.mark.parametrize(
    "content", ["{}", "[]", "null", "[" * 5000, '{"oracle": {}}', "9" * 5000, "\ud800", "names", "values"]
)
def test_scores_that_were_damaged_are_worked_out_again(monkeypatch, tmp_path, content):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))
    digests = {"dfs-0000": "ab"}
    right = baseline_agents.score_agents(SUITE, "tiny", digests)
    (file,) = (tmp_path / "floors").iterdir()
    stored = file.read_text()
    content = {"names": stored.replace("oracle", "orakel"), "values": stored.replace("1.0", '"1"')}.get(
        content, content
    )
    file.write_bytes(content.encode(errors="surrogatepass"))
    assert baseline_agents.score_agents(SUITE, "tiny", digests) == right
    assert file.read_text() == stored


def test_lines_end_with_a_newline_alone_and_a_mark_or_blank_lines_are_no_damage(folder):
    file = save("one")
    rows = file.read_text().replace('"reply": ""', '"reply": "a\u2028b\u0085c\\ud800"').split("\n")
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n\n".join(rows).encode())
    run = read(file)
    assert [line.reply for line in run.records] == ["a\u2028b\u0085c\ufffd"] * 3
    write(run, file)
    assert read(file) == run
    assert json.loads(file.read_bytes().split(b"\n")[1])["reply"] == "a\u2028b\u0085c\ufffd"

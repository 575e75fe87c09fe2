"""The cache as a session uses it: files that are locked, full, read-only or not ours cost no reply."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.inference import reply_cache as cache
from models.inference import session_cache
from models.inference.reply_cache import Cache, key
from models.inference.session_cache import SessionCache
from models.requests import Reply

KEYS = [key("weights", {"engine": "x"}, {"prompt": str(at)}) for at in range(400)]
LONG = Reply("word " * 200, 200, truncated=False)


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "PATIENCE", 0.05)
    monkeypatch.setattr(session_cache, "RETRY", 0.0)
    monkeypatch.setattr(session_cache, "LAST", 0.05)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def notes():
    return []


@pytest.fixture
def kept(home, notes):
    opened = SessionCache(notes.append)
    yield opened
    opened.close()


def replies(count, start=0):
    return dict.fromkeys(KEYS[start : start + count], LONG)


def committed():
    opened = Cache()
    rows = opened.get(KEYS)
    opened.close()
    return rows


def put_all(kept, step=20):
    for start in range(0, len(KEYS), step):
        kept.put(replies(step, start), "sft", "x")


HOLDER = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute(sys.argv[2])
base.execute("BEGIN EXCLUSIVE")
base.execute("UPDATE replies SET tokens = tokens")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(file, pragma="PRAGMA user_version"):
    """Another process holds the file."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, file, pragma], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    try:
        yield
    finally:
        process.communicate()


@pytest.mark.parametrize("pragma", ["PRAGMA user_version", "PRAGMA locking_mode = EXCLUSIVE"])
def test_what_comes_while_another_process_holds_the_file_is_committed_later(kept, notes, pragma):
    first = Cache()
    first.put(replies(10), "sft", "x")
    first.close()
    with held(cache.place(), pragma):
        known = kept.get(KEYS[:20])
        # whoever writes lets others read; whoever has the whole file for itself does not
        assert len(known) == (10 if "user" in pragma else 0)
        put_all(kept)
        assert kept.get(KEYS) == replies(400)
        assert kept.pending == 400
    kept.put(replies(1), "sft", "x")
    assert kept.pending == 0
    assert committed() == replies(400)
    kept.finish()
    assert len(notes) == 2
    assert "database is locked. Another process holds it. They stay in memory" in notes[0]
    assert notes[1] == "all replies of this session are in the cache now"


def test_what_another_process_never_lets_go_of_is_told_at_the_end(kept, notes):
    Cache().close()
    with held(cache.place()):
        put_all(kept)
        kept.finish()
        kept.finish()
    assert len(notes) == 2
    assert notes[1].startswith("400 replies are in the table and in the saved run, but not in the cache (cannot keep")
    assert committed() == {}


def test_a_full_disk_costs_no_reply(kept, notes, monkeypatch):
    pages = [60]
    connection = Cache._connection

    def full(self, database):
        base = connection(self, database)
        base.execute(f"PRAGMA max_page_count = {pages[0]}")
        return base

    monkeypatch.setattr(Cache, "_connection", full)
    put_all(kept)
    assert 0 < kept.pending < 400
    assert kept.get(KEYS) == replies(400)
    pages[0] = 10_000
    kept.finish()
    assert kept.pending == 0
    assert committed() == replies(400)
    assert len(notes) == 2
    assert "database or disk is full. Free some space" in notes[0]


def test_a_limit_on_the_size_of_files_costs_no_reply(kept, notes):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        put_all(kept)
        assert 0 < kept.pending < 400
        assert kept.get(KEYS) == replies(400)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept.finish()
    assert committed() == replies(400)
    assert len(notes) == 2


@contextmanager
def nobody():
    """Without the rights of root, for whom nothing is read-only."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_cache_that_is_read_only_is_read(home, notes, monkeypatch, is_folder):
    folder = Path(tempfile.mkdtemp(prefix="labirinto-"))  # not below pytest's own, which nobody else may enter
    monkeypatch.setenv("LABIRINTO_HOME", str(folder))
    try:
        first = Cache()
        first.put(replies(10), "sft", "x")
        first.close()
        cache.place().chmod(0o444)
        folder.chmod(0o555 if is_folder else 0o777)
        kept = SessionCache(notes.append)
        with nobody():
            assert kept.get(KEYS) == replies(10)
            kept.put(replies(30), "sft", "x")
            assert kept.get(KEYS) == replies(30)
            kept.finish()
            kept.close()
        assert len(notes) == 2
        assert "readonly database. Set LABIRINTO_HOME to a folder that can be written to" in notes[0]
        assert notes[1].startswith("30 replies are in the table")
        folder.chmod(0o755)
        assert [file.name for file in folder.glob("*.spoilt-*")] == []
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_in_its_place_costs_no_reply(kept, notes, home):
    (home / "replies.sqlite").mkdir()
    put_all(kept)
    assert kept.get(KEYS) == replies(400)
    kept.finish()
    assert len(notes) == 2
    assert "unable to open database file" in notes[0]


COLUMNS = (
    "key BLOB PRIMARY KEY, text TEXT, tokens INTEGER, truncated INTEGER, sum INTEGER, checkpoint TEXT, engine TEXT"
)
OTHERS = [
    "CREATE TABLE replies (a, b)",
    f"CREATE TABLE replies ({COLUMNS})",
    f"CREATE TABLE replies ({COLUMNS}, written REAL, more TEXT)",
    f"CREATE TABLE replies ({COLUMNS}, written TEXT)",
    f"CREATE TABLE replies ({COLUMNS.replace(' PRIMARY KEY', '')}, written REAL)",
    "CREATE VIEW replies AS SELECT 1 AS key",
    f"CREATE TABLE x ({COLUMNS}, written REAL); CREATE VIEW replies AS SELECT * FROM x",
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("version", [0, 1])
def test_a_file_with_another_table_is_set_aside(kept, notes, home, other, version):
    base = sqlite3.connect(home / "replies.sqlite")
    base.executescript(f"{other}; PRAGMA user_version = {version}")
    base.close()
    assert kept.get(KEYS) == {}
    put_all(kept, 200)
    kept.finish()
    assert committed() == replies(400)
    (aside,) = home.glob("replies.sqlite.spoilt-*")
    assert [aside.name in note for note in notes] == [True]


def test_a_trigger_that_refuses_costs_no_reply(kept, notes):
    Cache().close()
    base = sqlite3.connect(cache.place())
    base.execute("CREATE TRIGGER no BEFORE INSERT ON replies BEGIN SELECT RAISE(ABORT, 'no'); END")
    base.close()
    put_all(kept, 200)
    assert kept.get(KEYS) == replies(400)
    kept.finish()
    assert len(notes) == 2


ERRORS = [
    sqlite3.OperationalError("disk I/O error"),
    sqlite3.DatabaseError("malformed"),
    sqlite3.InterfaceError("bad parameter"),
    sqlite3.ProgrammingError("Cannot operate on a closed database."),
    sqlite3.IntegrityError("NOT NULL constraint failed"),
    sqlite3.NotSupportedError("no"),
    sqlite3.Warning("odd"),
    OSError(5, "Input/output error"),
    OverflowError("Python int too large to convert to SQLite INTEGER"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    MemoryError(),
]


@pytest.mark.parametrize("method", ["get", "put", "_connect", "close"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_error_of_the_cache_costs_a_reply(kept, notes, monkeypatch, method, error):
    def fail(*_):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(Cache, method, fail)
        assert kept.get(KEYS) == {}
        put_all(kept, 200)
        assert kept.get(KEYS) == ({} if method == "get" else replies(400))  # whoever asks has them too
        kept.finish()
        kept.close()
    assert len(notes) <= 2
    assert committed() == ({} if method in ("put", "_connect") else replies(400))


def test_attempts_are_rare_after_trouble(kept, monkeypatch):
    monkeypatch.setattr(session_cache, "RETRY", 60.0)
    attempts = []

    def fail(*_):
        attempts.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Cache, "put", fail)
    put_all(kept)
    assert len(attempts) == 1
    kept.finish()
    assert len(attempts) == 2

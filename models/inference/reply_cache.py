"""Replies that were given before, so that none is paid for twice: one SQLite file, safe for several processes.

A reply is found by the digest of everything that decides it: the content of weights, adapter, tokenizer and chat
template (never a name or path), the prompt, the sampling with its seed, and the engine with its version, number format
and determinism. What was committed survives a kill; errors are never kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.printable import encodable
from models import store
from models.requests import Reply

Result = TypeVar("Result")

VERSION = 1  # of the file; another one is set aside
AT_ONCE = 500  # keys in one question to the database
PATIENCE = 10.0  # seconds to wait for another process that writes

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key BLOB PRIMARY KEY,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    truncated INTEGER NOT NULL, -- 0, 1, or 2 where the reply was cut off because it repeated itself
    sum INTEGER NOT NULL,       -- crc32 over key and reply: a spoilt row is found
    checkpoint TEXT NOT NULL,   -- the rest is for people: who replied, through what, when
    engine TEXT NOT NULL,
    written REAL NOT NULL
) WITHOUT ROWID
"""
_COLUMNS = {
    "key": "BLOB PRIMARY KEY",
    "text": "TEXT",
    "tokens": "INTEGER",
    "truncated": "INTEGER",
    "sum": "INTEGER",
    "checkpoint": "TEXT",
    "engine": "TEXT",
    "written": "REAL",
}
_LOOPED = 2
_SPOILT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNWRITABLE = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)
_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another process holds it",
    sqlite3.SQLITE_LOCKED: "Another process holds it",
    sqlite3.SQLITE_FULL: "Free some space, or set LABIRINTO_HOME to a folder on another disk",
}


def place() -> Path:
    return store.home() / "replies.sqlite"


def key(checkpoint: str, engine: Mapping[str, Any], request: Mapping[str, Any]) -> bytes:
    """The digest of what decides a reply: the checkpoint's content, the engine and the request, each described."""
    whole = json.dumps([checkpoint, engine, request], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).digest()


class Cache:
    """The file, open. A spoilt file is set aside and a new one begun; `notify` is told of that and of spoilt rows.

    One that cannot be written to is read. Raises CheckpointError where there can be no file, and where one cannot be
    read or written; a process that holds it is waited for so many seconds (`patience`).
    """

    def __init__(
        self, file: Path | None = None, notify: Callable[[str], None] = print, patience: float | None = None
    ) -> None:
        self.file = file or place()
        self._notify = notify
        self._patience = PATIENCE if patience is None else patience
        self._only_reads = False
        self._open()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """Those replies that are there."""
        found = {}
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = self._query(f"SELECT key, text, tokens, truncated, sum FROM replies WHERE key IN ({marks})", part)  # noqa: S608  question marks alone are put in
            for kept, text, tokens, truncated, total in rows:
                if _is_whole(kept, text, tokens, truncated, total):
                    found[kept] = Reply(text, tokens, bool(truncated), looped=truncated == _LOOPED)
                else:
                    self._notify(f"a reply in {self.file} is spoilt ({kept.hex()[:16]}); it is asked for again")
        return found

    def put(self, replies: Mapping[bytes, Reply], checkpoint: str, engine: str) -> None:
        """Keep replies; when this returns they are committed."""
        now = time.time()
        name = encodable(checkpoint)
        rows = [
            (kept, one.text, one.tokens, cut, _sum(kept, one.text, one.tokens, cut), name, engine, now)
            for kept, one in replies.items()
            for cut in (_LOOPED if one.looped else int(one.truncated),)
        ]
        self._change("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def summary(
        self, checkpoint: str | None = None, before: float | None = None
    ) -> list[tuple[str, str, int, int, float, float]]:
        """Checkpoint, engine, replies, tokens, first and last time (seconds since 1970), by checkpoint and engine.

        Of all replies, or of those that `prune` would forget.
        """
        return self._query(
            "SELECT checkpoint, engine, count(*), sum(tokens), min(written), max(written) FROM replies "
            "WHERE (?1 IS NULL OR checkpoint = ?1) AND (?2 IS NULL OR written < ?2) "
            "GROUP BY checkpoint, engine ORDER BY checkpoint, engine",
            (checkpoint, before),
        )

    def prune(self, checkpoint: str | None = None, before: float | None = None) -> int:
        """Forget replies, of one checkpoint or written before a time, or both; returns how many."""
        limits = {"checkpoint = ?": checkpoint, "written < ?": before}
        chosen = {rule: value for rule, value in limits.items() if value is not None}
        rules = " AND ".join(chosen) or "1"
        gone = self._change(f"DELETE FROM replies WHERE {rules}", [tuple(chosen.values())])  # noqa: S608  the rules above
        self._query("VACUUM")
        return gone

    def close(self) -> None:
        self._base.close()

    def _open(self) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._base = self._connect()
        except sqlite3.DatabaseError as error:
            if _code(error) in _SPOILT or isinstance(error, _OtherVersionError):
                self._begin_anew(error)
            elif (base := self._connect_to_read(error)) is not None:
                self._base, self._only_reads = base, True
            else:
                raise self._trouble(error) from error
        except OSError as error:
            raise self._trouble(error) from error

    def _connect(self) -> sqlite3.Connection:
        base = self._connection(self.file)
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")  # a commit survives the process, and a power cut costs the last
            (version,) = base.execute("PRAGMA user_version").fetchone()
            _check_version(version)
            base.execute(_TABLE)
            _check_columns(base)
            if not version:  # a write, which would wait for whoever writes now
                base.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            base.close()
            raise
        return base

    def _connection(self, database: Path | str) -> sqlite3.Connection:
        base = sqlite3.connect(database, timeout=self._patience, isolation_level=None, uri=isinstance(database, str))
        base.text_factory = lambda raw: raw.decode("utf-8", "replace")  # what is spoilt is told by its sum
        return base

    def _connect_to_read(self, why: sqlite3.DatabaseError) -> sqlite3.Connection | None:
        """A connection that only reads, where the file or its folder cannot be written to; None where there is none.

        Without a log of its last changes (-wal) it is read as a file that nobody changes, which needs no other file.
        """
        if _code(why) not in _UNWRITABLE:
            return None
        log = Path(f"{self.file}-wal")
        is_whole = not (log.exists() and log.stat().st_size)
        for mode in ("mode=ro", *(["mode=ro&immutable=1"] if is_whole else [])):
            base = None
            try:
                base = self._connection(f"{self.file.absolute().as_uri()}?{mode}")
                _check_version(*base.execute("PRAGMA user_version").fetchone())
                _check_columns(base)
            except sqlite3.DatabaseError:
                if base is not None:
                    base.close()
                continue
            return base
        return None

    def _begin_anew(self, why: Exception) -> None:
        """Set the file aside and open a new one."""
        try:
            self._set_aside(why)
            self._base = self._connect()
        except (sqlite3.DatabaseError, OSError) as error:
            raise self._trouble(error) from error

    def _set_aside(self, why: Exception) -> None:
        from filelock import FileLock

        with FileLock(f"{self.file}.lock"):
            if self._is_sound():
                return  # another process was here first
            aside = self.file.with_name(f"{self.file.name}.spoilt-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}")
            for end in ("-wal", "-shm", ""):
                part = Path(f"{self.file}{end}")
                if part.exists():
                    part.replace(f"{aside}{end}")
        self._notify(
            f"the replies in {self.file} cannot be read ({why}): set aside as {aside.name}, and a new file begun"
        )

    def _is_sound(self) -> bool:
        try:
            base = self._connect()
        except sqlite3.DatabaseError:
            return False
        try:
            (verdict,) = base.execute("PRAGMA quick_check(1)").fetchone()
            return str(verdict) == "ok"
        except sqlite3.DatabaseError:
            return False
        finally:
            base.close()

    def _query(self, statement: str, values: Iterable[Any] = ()) -> list[Any]:
        return self._guarded(lambda base: base.execute(statement, tuple(values)).fetchall())

    def _change(self, change: str, rows: Sequence[tuple[Any, ...]]) -> int:
        def changed(base: sqlite3.Connection) -> int:
            base.execute("BEGIN IMMEDIATE")
            try:
                count = base.executemany(change, rows).rowcount
                base.execute("COMMIT")
            except BaseException:
                if base.in_transaction:
                    base.execute("ROLLBACK")
                raise
            return count

        return self._guarded(changed)

    def _guarded(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do it; where the file turns out to be spoilt, set it aside and do it on a new one."""
        try:
            return work(self._base)
        except sqlite3.DatabaseError as error:
            if _code(error) not in _SPOILT or self._only_reads:
                raise self._trouble(error) from error
            self._base.close()
            self._begin_anew(error)
        try:
            return work(self._base)
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: Exception) -> CheckpointError:
        code = _code(error) if isinstance(error, sqlite3.Error) else None
        advice = _ADVICE.get(code or 0, "Set LABIRINTO_HOME to a folder that can be written to, or say --cache off")
        return CheckpointError(f"cannot keep replies in {self.file}: {error}. {advice}")


class _OtherVersionError(sqlite3.DatabaseError):
    """The file is of another version of the project, or its table is not ours."""


def _check_version(version: int) -> None:
    if version not in (0, VERSION):  # 0 is a new file
        raise _OtherVersionError(f"version {version} where {VERSION} is known")


def _check_columns(base: sqlite3.Connection) -> None:
    rows = base.execute("PRAGMA table_info(replies)")
    columns = {name: f"{kind} PRIMARY KEY" if is_key else kind for _, name, kind, _, _, is_key in rows}
    if columns != _COLUMNS:
        described = ", ".join(f"{name} {kind}".strip() for name, kind in columns.items())
        raise _OtherVersionError(f"its columns are not ours, but {described}")


def _is_whole(key: bytes, text: Any, tokens: Any, truncated: Any, total: Any) -> bool:
    """Whether a row has the types and the sum with which it was written."""
    typed = isinstance(text, str) and isinstance(tokens, int) and truncated in (0, 1, _LOOPED)
    return typed and total == _sum(key, text, tokens, truncated)


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)  # errors of the module itself, and ours, have none
    return code & 0xFF  # the extended codes say more in the higher bits


def _sum(key: bytes, text: str, tokens: int, truncated: int) -> int:
    return zlib.crc32(f"{tokens} {int(truncated)} {text}".encode(), zlib.crc32(key))

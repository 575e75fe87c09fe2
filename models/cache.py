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
from typing import Any

from benchmark.mazes.errors import CheckpointError

from . import store
from .engines import Reply

VERSION = 1  # of the file; another one is set aside
AT_ONCE = 500  # keys in one question to the database
PATIENCE = 60.0  # seconds to wait for another process that writes

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key BLOB PRIMARY KEY,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    sum INTEGER NOT NULL,       -- crc32 over key and reply: a spoilt row is found
    checkpoint TEXT NOT NULL,   -- the rest is for people: who replied, through what, when
    engine TEXT NOT NULL,
    written REAL NOT NULL
) WITHOUT ROWID
"""
_SPOILT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def place() -> Path:
    return store.home() / "replies.sqlite"


def key(checkpoint: str, engine: Mapping[str, Any], request: Mapping[str, Any]) -> bytes:
    """The digest of what decides a reply: the checkpoint's content, the engine and the request, each described."""
    whole = json.dumps([checkpoint, engine, request], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).digest()


class Cache:
    """The file, open. A spoilt file is set aside and a new one begun; `say` is told, and `say` hears of spoilt rows.

    Raises CheckpointError where there can be no file.
    """

    def __init__(self, file: Path | None = None, say: Callable[[str], None] = print) -> None:
        self.file = file or place()
        self._say = say
        self._open()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """Those replies that are there."""
        found = {}
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = self._ask(f"SELECT key, text, tokens, truncated, sum FROM replies WHERE key IN ({marks})", part)  # noqa: S608  question marks alone are put in
            for kept, text, tokens, truncated, total in rows:
                if total == _sum(kept, text, tokens, truncated):
                    found[kept] = Reply(text, tokens, bool(truncated))
                else:
                    self._say(f"a reply in {self.file} is spoilt ({kept.hex()[:16]}); it is asked for again")
        return found

    def put(self, replies: Mapping[bytes, Reply], checkpoint: str, engine: str) -> None:
        """Keep replies; when this returns they are committed."""
        now = time.time()
        rows = [
            (kept, one.text, one.tokens, int(one.truncated), total, checkpoint, engine, now)
            for kept, one in replies.items()
            for total in (_sum(kept, one.text, one.tokens, one.truncated),)
        ]
        self._change("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def summary(
        self, checkpoint: str | None = None, before: float | None = None
    ) -> list[tuple[str, str, int, int, float, float]]:
        """Checkpoint, engine, replies, tokens, first and last time (seconds since 1970), by checkpoint and engine.

        Of all replies, or of those that `prune` would forget.
        """
        return self._ask(
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
        self._ask("VACUUM")
        return gone

    def close(self) -> None:
        self._base.close()

    def _open(self) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._base = self._connect()
        except sqlite3.DatabaseError as error:
            if _code(error) not in _SPOILT and not isinstance(error, _OtherVersionError):
                raise self._trouble(error) from error
            self._set_aside(error)
            self._base = self._connect()
        except OSError as error:
            raise self._trouble(error) from error

    def _connect(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None)
        base.text_factory = lambda raw: raw.decode("utf-8", "replace")  # what is spoilt is told by its sum
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")  # a commit survives the process, and a power cut costs the last
            _check_version(*base.execute("PRAGMA user_version").fetchone())
            base.execute(_TABLE)
            base.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            base.close()
            raise
        return base

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
        self._say(f"the replies in {self.file} cannot be read ({why}): set aside as {aside.name}, and a new file begun")

    def _is_sound(self) -> bool:
        try:
            base = self._connect()
        except sqlite3.DatabaseError:
            return False
        try:
            return base.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            return False
        finally:
            base.close()

    def _ask(self, question: str, values: Iterable[Any] = ()) -> list[Any]:
        return self._guarded(lambda base: base.execute(question, tuple(values)).fetchall())

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

    def _guarded(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Do it; where the file turns out to be spoilt, set it aside and do it on a new one."""
        try:
            return work(self._base)
        except sqlite3.DatabaseError as error:
            if _code(error) not in _SPOILT:
                raise self._trouble(error) from error
            self._base.close()
            self._set_aside(error)
            self._base = self._connect()
            return work(self._base)

    def _trouble(self, error: Exception) -> CheckpointError:
        return CheckpointError(
            f"cannot keep replies in {self.file}: {error}. "
            "Set LABIRINTO_HOME to a folder that can be written to, or say --cache off"
        )


class _OtherVersionError(sqlite3.DatabaseError):
    """The file is of another version of the project."""


def _check_version(version: int) -> None:
    if version not in (0, VERSION):  # 0 is a new file
        raise _OtherVersionError(f"version {version} where {VERSION} is known")


def _code(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended codes say more in the higher bits


def _sum(key: bytes, text: str, tokens: int, truncated: bool) -> int:
    return zlib.crc32(f"{tokens} {int(truncated)} {text}".encode(), zlib.crc32(key))

"""Any OpenAI-compatible endpoint: many questions at once, each tried again when that may help.

Plain prompts go to /completions, chats to /chat/completions. The key is taken from OPENAI_API_KEY, and neither shown
nor kept, whatever a server sends back. What a server sends is not trusted: see the files `server_*` beside this one.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Generator, Sequence
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import EngineError
from models.requests import Reply, Request
from models.secrets import mask

from . import version
from .server_dialect import Dialect, adapt, learn, measured
from .server_errors import Kind, RequestError
from .server_http import Connection
from .server_reply import to_reply
from .server_turns import Turns

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

TRIES = 5  # after the first, where a failure may pass
TRIES_UNREACHED = 1  # the same where nobody has ever replied
WAIT = 0.5  # seconds before the second try; twice as many before each other one
LONGEST_WAIT = 8.0  # of those
PATIENCE = 120.0  # seconds: a server that asks to wait for longer is not waited for
CHANGES = 12  # other ways in which one request is asked, where its settings are refused
SHOWN = 300  # characters of a server's words in an error


class Server:
    """One endpoint at a time, `concurrency` questions at once."""

    waited = 0.0

    def __init__(self, concurrency: int = 32) -> None:
        self._concurrency = concurrency
        self._dialects: dict[tuple[str, str], Dialect] = {}
        self._lock = threading.Lock()

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return {"engine": "server", **version("openai"), "determinism": "unknown"}

    def adapted(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What had to be asked in another way than of every other server; empty where nothing had to."""
        return self._dialect(checkpoint).describe()

    def generate(
        self, checkpoint: Checkpoint, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Reply | EngineError]]:
        """A request that fails gives its error; an endpoint that refuses or fails them all raises EngineError.

        What fails before the first reply is told once it has come, and not at all where none comes: then all requests
        have the one error that is raised.
        """
        connection = Connection(checkpoint.endpoint)
        turns = Turns(requests)
        results: SimpleQueue[tuple[Request, Reply | RequestError]] = SimpleQueue()
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set() and (request := turns.take()):
                results.put((request, self._answer(connection, checkpoint, request, turns, stop)))

        for number in range(min(self._concurrency, len(requests))):
            # they do not keep the process alive: Ctrl-C is not to wait for a server
            threading.Thread(target=work, name=f"ask-{number}", daemon=True).start()
        early: list[tuple[Request, RequestError]] = []
        try:
            for _ in requests:
                request, result = results.get()
                if isinstance(result, Reply):
                    turns.replied(request)
                    yield from ((one, _error(checkpoint, failure)) for one, failure in early)
                    early.clear()
                    yield request, result
                    continue
                if turns.failed(request, result):
                    raise _error(checkpoint, result)
                if turns.has_replied:
                    yield request, _error(checkpoint, result)
                else:
                    early.append((request, result))
            if early and all(failure.kind in (Kind.UNREACHABLE, Kind.REFUSED) for _, failure in early):
                raise _error(checkpoint, early[-1][1])
            yield from ((one, _error(checkpoint, failure)) for one, failure in early)
        finally:
            stop.set()
            connection.close()  # whoever still waits for an answer stops

    def close(self) -> None:
        """Connections end with each plan."""

    def _dialect(self, checkpoint: Checkpoint) -> Dialect:
        return self._dialects.get((checkpoint.endpoint, checkpoint.model), Dialect())

    def _learn(self, checkpoint: Checkpoint, learned: dict[str, Any]) -> None:
        if learned:
            with self._lock:
                known = self._dialect(checkpoint)
                self._dialects[checkpoint.endpoint, checkpoint.model] = learn(known, learned)

    def _answer(
        self, connection: Connection, checkpoint: Checkpoint, request: Request, turns: Turns, stop: threading.Event
    ) -> Reply | RequestError:
        """The reply to one request, tried again while that may help. Never raises: it runs in a thread."""
        attempt = 0
        while True:
            try:
                return self._once(connection, checkpoint, request)
            except RequestError as failure:
                result = failure
            except Exception as error:  # noqa: BLE001  of one request, told by its case
                return RequestError(f"{type(error).__name__}: {error}", Kind.REPLY)
            pause = _pause(result, attempt, turns.has_replied)
            attempt += 1
            if pause is None or stop.wait(pause):
                return result

    def _once(self, connection: Connection, checkpoint: Checkpoint, request: Request) -> Reply:
        """Ask, in another way where the settings are refused; what helped is remembered. Raises RequestError."""
        dialect, learned = self._dialect(checkpoint), {}
        tokens, is_guess = dialect.tokens(request), False
        path = "/completions" if isinstance(request.prompt, str) else "/chat/completions"
        for changes in count():
            body = dialect.body(checkpoint.model, request, tokens)
            try:
                reply, prompt_tokens = to_reply(connection.post(path, body))
            except RequestError as failure:
                change = adapt(dialect, body, request, failure) if changes < CHANGES else None
                if change is None:
                    raise
                if (
                    not change.tokens
                ):  # the prompt alone is too long: for a model that runs here that is no error either
                    self._learn(checkpoint, learned)
                    return Reply("", 0, truncated=True)
                dialect, tokens, is_guess = learn(dialect, change.learned), change.tokens, change.is_guess
                learned |= change.learned
                continue
            self._learn(checkpoint, learned | measured(dialect, request, prompt_tokens))
            left = dialect.left(request, prompt_tokens)
            if not is_guess or not reply.truncated or left <= tokens or changes >= CHANGES:
                break
            tokens, is_guess = left, False
        return reply


def _pause(failure: RequestError, attempt: int, has_replied: bool) -> float | None:
    """The seconds before the next try; None where there is to be none."""
    unreached = failure.kind is Kind.UNREACHABLE
    tries = min(TRIES, TRIES_UNREACHED) if unreached and not has_replied else TRIES
    if failure.kind not in (Kind.UNREACHABLE, Kind.PASSING) or attempt >= tries:
        return None
    if failure.pause is not None:
        return failure.pause if failure.pause <= PATIENCE else None
    return min(WAIT * 2**attempt, LONGEST_WAIT) * random.uniform(0.75, 1.0)


def _error(checkpoint: Checkpoint, failure: RequestError) -> EngineError:
    verb = f"refuses {checkpoint.model}" if failure.kind is Kind.REFUSED else "gave no reply"
    return EngineError(mask(f"{checkpoint.endpoint} {verb}: {failure.words[:SHOWN]}{_advice(checkpoint, failure)}"))


def _advice(checkpoint: Checkpoint, failure: RequestError) -> str:
    """What may be done about a failure, in half a sentence."""
    if failure.status in (401, 403):
        return "" if os.environ.get("OPENAI_API_KEY") else " (OPENAI_API_KEY is not set)"
    if failure.status == 404 and not checkpoint.endpoint.endswith("/v1"):
        return " (the address of most endpoints ends in /v1)"
    return " (is a server running there?)" if failure.kind is Kind.UNREACHABLE else ""

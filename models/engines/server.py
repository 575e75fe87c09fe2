"""Any OpenAI-compatible endpoint: many questions at once, each tried again when that may help.

Plain prompts go to /completions, chats to /chat/completions. The key is taken from OPENAI_API_KEY, and neither shown
nor kept, whatever a server sends back. What a server sends is not trusted: see the files `server_*` in this folder.

There are two reasons to send a request again. A failure that may pass (no connection, HTTP 429 or 500) is followed by
the same request after a pause (`_answer`). A refusal of its settings is followed at once by a request with other
settings (`_ask`): what `server_dialect` reads in the server's words is remembered, so that one request pays for it and
not all.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Any

from benchmark.mazes.errors import EngineError
from models.checkpoints import Checkpoint, Served
from models.requests import Reply, Request
from models.secrets import mask

from . import ENGINES
from .server_dialect import Dialect, adapt, learn, measured
from .server_errors import Kind, RequestError
from .server_http import Connection
from .server_options import check_options, check_requests
from .server_reply import to_reply
from .server_turns import Turns
from .versions import installed_versions

TRIES = 5  # after the first, where a failure may pass
TRIES_UNREACHED = 1  # the same where nobody has ever replied
WAIT = 0.5  # seconds before the second try; twice as many before each other one
LONGEST_WAIT = 8.0  # of those
PATIENCE = 120.0  # seconds: a server that asks to wait for longer is not waited for
CHANGES = 12  # other ways in which one request is asked, where its settings are refused
SHOWN = 300  # characters of a server's words in an error

Result = Reply | RequestError


@dataclass
class _Session:
    """One call of `generate`: what its threads share."""

    checkpoint: Served
    connection: Connection
    turns: Turns
    results: SimpleQueue[tuple[Request, Result]] = field(default_factory=SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        self.stop.set()
        self.connection.close()  # threads that wait for an answer stop


class Server:
    """One endpoint at a time, `concurrency` questions at once."""

    startup_seconds = 0.0

    def __init__(self, concurrency: int = 32) -> None:
        self._concurrency = concurrency
        self._dialects: dict[tuple[str, str], Dialect] = {}
        self._lock = threading.Lock()

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return {"engine": "server", **installed_versions(*ENGINES["server"].packages), "determinism": "unknown"}

    def adjustments(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What had to be asked in another way than of every other server; empty where nothing had to."""
        return self._dialect(_served(checkpoint)).describe()

    def generate(
        self, checkpoint: Checkpoint, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Reply | EngineError]]:
        """A request that fails gives its error; an endpoint that refuses or fails them all raises EngineError."""
        served = _served(checkpoint)
        check_options(served.options)
        check_requests(requests)
        session = _Session(served, Connection(served.endpoint), Turns(requests))
        for number in range(min(self._concurrency, len(requests))):
            # daemons do not keep the process alive: Ctrl-C is not to wait for a server
            threading.Thread(target=self._work, args=(session,), name=f"ask-{number}", daemon=True).start()
        try:
            yield from _collect(session, len(requests))
        finally:
            session.close()

    def close(self) -> None:
        """Connections end with each call of `generate`."""

    def _work(self, session: _Session) -> None:
        """What each thread does: take requests and answer them until none is left."""
        while not session.stop.is_set() and (request := session.turns.take()):
            session.results.put((request, self._answer(session, request)))

    def _dialect(self, checkpoint: Served) -> Dialect:
        return self._dialects.get((checkpoint.endpoint, checkpoint.model), Dialect())

    def _learn(self, checkpoint: Served, learned: dict[str, Any]) -> None:
        if learned:
            with self._lock:
                known = self._dialect(checkpoint)
                self._dialects[checkpoint.endpoint, checkpoint.model] = learn(known, learned)

    def _answer(self, session: _Session, request: Request) -> Result:
        """The reply to one request, tried again while that may help. Never raises: it runs in a thread."""
        attempt = 0
        while True:
            try:
                return self._ask(session, request)
            except RequestError as error:
                failure = error
            except Exception as error:  # noqa: BLE001  of one request, told by its case
                return RequestError(f"{type(error).__name__}: {error}", Kind.REPLY)
            pause = _pause(failure, attempt, session.turns.has_replied)
            attempt += 1
            if pause is None or session.stop.wait(pause):
                return failure

    def _ask(self, session: _Session, request: Request) -> Reply:
        """Ask, in another way where the settings are refused. Raises RequestError.

        What a refusal teaches is remembered when the request that heeds it has succeeded, and not before: a wrong
        reading of a server's words would spoil all requests after it. Where the context is too short and the server
        does not say by how much, the room for the reply is guessed; a reply that this has cut off is asked for once
        more, since the reply itself has told the length of the prompt and with it the room that is left.
        """
        checkpoint = session.checkpoint
        dialect = self._dialect(checkpoint)
        learned: dict[str, Any] = {}
        tokens, is_guess = dialect.tokens(request), False
        path = "/completions" if isinstance(request.prompt, str) else "/chat/completions"
        for changes in count():
            body = dialect.body(checkpoint.model, request, tokens)
            try:
                reply, prompt_tokens = to_reply(session.connection.post(path, body), request)
            except RequestError as failure:
                change = adapt(dialect, body, request, failure) if changes < CHANGES else None
                if change is None:
                    raise
                if not change.tokens:
                    # the prompt alone is too long: for a model that runs here that is no error either
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


def _served(checkpoint: Checkpoint) -> Served:
    if not isinstance(checkpoint, Served):
        raise EngineError(f"{checkpoint.name} is not served: give --endpoint and --model, or another --engine")
    return checkpoint


def _collect(session: _Session, number: int) -> Generator[tuple[Request, Reply | EngineError]]:
    """The results as they come from the threads.

    Failures before the first reply are held back. While nobody has replied it is open whether one request is at fault
    or the endpoint: once a reply has come they are yielded, each as the error of its request; where none comes, one
    error is raised for the endpoint, and not thousands that say the same.
    """
    checkpoint = session.checkpoint
    early: list[tuple[Request, RequestError]] = []
    for _ in range(number):
        request, result = session.results.get()
        if isinstance(result, Reply):
            session.turns.replied(request)
            yield from ((one, _error(checkpoint, failure)) for one, failure in early)
            early.clear()
            yield request, result
            continue
        if session.turns.failed(request, result):
            raise _error(checkpoint, result)
        if session.turns.has_replied:
            yield request, _error(checkpoint, result)
        else:
            early.append((request, result))
    if early and all(failure.kind in (Kind.UNREACHABLE, Kind.REFUSED) for _, failure in early):
        raise _error(checkpoint, early[-1][1])
    yield from ((one, _error(checkpoint, failure)) for one, failure in early)


def _pause(failure: RequestError, attempt: int, has_replied: bool) -> float | None:
    """The seconds before the next try; None where there is to be none.

    Twice as long each time, so that a server under load gets a rest, and by chance somewhat shorter, so that the
    requests that it refused together do not come back together. A server that says how long to wait is believed.
    """
    is_unreached = failure.kind is Kind.UNREACHABLE
    tries = min(TRIES, TRIES_UNREACHED) if is_unreached and not has_replied else TRIES
    if failure.kind not in (Kind.UNREACHABLE, Kind.PASSING) or attempt >= tries:
        return None
    if failure.pause is not None:
        return failure.pause if failure.pause <= PATIENCE else None
    longest: float = min(WAIT * 2**attempt, LONGEST_WAIT)
    return longest * random.uniform(0.75, 1.0)


def _error(checkpoint: Served, failure: RequestError) -> EngineError:
    verb = f"refuses {checkpoint.model}" if failure.kind is Kind.REFUSED else "gave no reply"
    return EngineError(mask(f"{checkpoint.endpoint} {verb}: {failure.words[:SHOWN]}{_advice(checkpoint, failure)}"))


def _advice(checkpoint: Served, failure: RequestError) -> str:
    """What may be done about a failure, in half a sentence."""
    if failure.status in (401, 403):
        return "" if os.environ.get("OPENAI_API_KEY") else " (OPENAI_API_KEY is not set)"
    if failure.status == 404 and not checkpoint.endpoint.endswith("/v1"):
        return " (the address of most endpoints ends in /v1)"
    if failure.kind is Kind.REQUEST:
        options = checkpoint.options
        sent = dict.fromkeys(options.generation_args, "--generation-args")
        sent |= {"chat_template_kwargs": "--chat-template-args"} if options.chat_template_args else {}
        if refused := next((name for name in sent if name in failure.words), None):
            return f" ({refused} is set by {sent[refused]})"
    return " (is a server running there?)" if failure.kind is Kind.UNREACHABLE else ""

"""Any OpenAI-compatible endpoint: many questions at once, each tried again when that may help.

Plain prompts go to /completions, chats to /chat/completions. The key is taken from OPENAI_API_KEY, and neither shown
nor kept. What a server sends is not trusted: a body has to end, within a time and a size.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

import httpx
import openai

from benchmark.mazes.errors import EngineError

from . import THOUGHTS, Reply, Request, room, version

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

TRIES = 5  # after the first, with the waits of the openai client (or those that the server asks for)
SILENCE = 120.0  # seconds without a byte
WHOLE = 600.0  # seconds for one reply
LARGEST = 16 * 2**20  # bytes of one reply
NAME_TOKENS = 7  # of a cell's name, for a tokenizer that is not known: " (10,10)" takes most models 5 to 7
HOPELESS = 8  # requests that have failed, and none replied to: the endpoint is not asked for the rest


class Server:
    """One endpoint at a time, `concurrency` questions at once."""

    waited = 0.0

    def __init__(self, concurrency: int = 32) -> None:
        self._concurrency = concurrency

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return {"engine": "server", **version("openai"), "determinism": "unknown"}

    def generate(
        self, checkpoint: Checkpoint, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Reply | EngineError]]:
        """A request that fails gives its error; an endpoint that refuses or fails them all raises EngineError."""
        client = _client(checkpoint.endpoint)
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="ask")
        ordered = sorted(requests, key=lambda one: (-one.cells, one.place))
        asked: dict[Future[Reply], Request] = {
            pool.submit(_ask, client, checkpoint.model, request): request for request in ordered
        }
        replied = failed = 0
        try:
            for done in as_completed(asked):
                try:
                    reply = done.result()
                except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                    raise EngineError(f"{checkpoint.endpoint} refuses {checkpoint.model}: {_line(error)}") from error
                except Exception as error:
                    failed += 1
                    why = EngineError(f"{checkpoint.endpoint} gave no reply: {_line(error)}")
                    if not replied and failed >= HOPELESS:
                        raise why from error
                    yield asked[done], why
                else:
                    replied += 1
                    yield asked[done], reply
        finally:
            client.close()  # whoever still waits for an answer stops
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Connections end with each plan."""


class _Transport(httpx.HTTPTransport):
    """Lets no body go on for ever."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.stream = _Bounded(response.stream)
        return response


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream, self._until = stream, time.monotonic() + WHOLE

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST or time.monotonic() > self._until:
                raise httpx.ReadError(f"the reply did not end after {size} bytes")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _client(endpoint: str) -> openai.OpenAI:
    transport = _Transport(limits=httpx.Limits(max_connections=None))
    return openai.OpenAI(
        base_url=endpoint,
        api_key=os.environ.get("OPENAI_API_KEY") or "none",
        max_retries=TRIES,
        http_client=httpx.Client(transport=transport, timeout=httpx.Timeout(SILENCE, connect=10.0)),
    )


def _ask(client: openai.OpenAI, model: str, request: Request) -> Reply:
    limit = room(request.cells, NAME_TOKENS) + (THOUGHTS if request.reasoning else 0)
    settings: dict[str, Any] = {"model": model, "temperature": request.temperature}
    if request.temperature:
        settings["seed"] = request.seed % 2**31  # servers know seeds of 32 bits
    if isinstance(request.prompt, str):
        given = client.completions.create(prompt=request.prompt, max_tokens=limit, **settings)
        text = given.choices[0].text
    else:
        given = client.chat.completions.create(messages=request.prompt, max_tokens=limit, **settings)
        text = given.choices[0].message.content
    if not isinstance(text, str | None):
        raise EngineError(f"the reply is {type(text).__name__} and no text")
    tokens = given.usage.completion_tokens if given.usage else len((text or "").split())
    return Reply(text or "", tokens, truncated=given.choices[0].finish_reason == "length")


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]

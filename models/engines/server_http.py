"""One request to a server and what came back, within a time and a size."""

from __future__ import annotations

import email.utils
import math
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from functools import cache
from typing import Any

import httpcore
import httpx
import openai

from benchmark.mazes.errors import EngineError

from .server_errors import refused, unreachable

SILENCE = 120.0  # seconds without a byte
WHOLE = 600.0  # seconds for one reply
LARGEST = 4 * 2**20  # bytes of one reply
CONNECT = 10.0  # seconds for a connection
_SQUEEZED = 64  # a compressed reply may be so many times smaller: gzip makes 64 KiB of at most 70 MB


class Connection:
    """The way to one endpoint, for many threads at once."""

    def __init__(self, endpoint: str) -> None:
        """Raises EngineError where the key cannot be sent."""
        key = os.environ.get("OPENAI_API_KEY", "").strip() or "none"
        if not (key.isascii() and key.isprintable()):
            raise EngineError("OPENAI_API_KEY holds characters that cannot be sent in a header: set it anew")
        self._client = openai.OpenAI(
            base_url=endpoint,
            api_key=key,
            max_retries=0,  # the engine decides what is tried again
            http_client=httpx.Client(
                transport=_Transport(verify=_tls(), limits=httpx.Limits(max_connections=None)),
                timeout=httpx.Timeout(SILENCE, connect=CONNECT),
                headers={"Accept-Encoding": "gzip, deflate"},
            ),
        )

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """What came back with a status that is no error. Raises RequestError."""
        _allowed.begin()
        try:
            return self._client.post(path, body=body, cast_to=httpx.Response)
        except openai.APIStatusError as error:
            failed = error.response
            failure = refused(failed.status_code, failed.content, failed.headers, _pause(failed.headers))
        except openai.APIConnectionError as error:
            failure = unreachable(error.__cause__ or error, SILENCE)
        raise failure  # here, so that no exception that may quote a key hangs on it

    def close(self) -> None:
        """Whoever waits for a reply stops."""
        self._client.close()


class _Allowed(threading.local):
    """What the request that this thread waits for may still take."""

    until = math.inf
    size = LARGEST

    def begin(self) -> None:
        self.until, self.size = time.monotonic() + WHOLE, LARGEST

    def take(self, chunk: bytes) -> bytes:
        self.size -= len(chunk)
        if self.size < 0:
            raise httpcore.ReadError(f"the reply did not end within {LARGEST} bytes")
        if time.monotonic() > self.until:
            raise httpcore.ReadError(f"the reply did not end within {WHOLE:g} s")
        return chunk


_allowed = _Allowed()


class _Stream(httpcore.NetworkStream):
    """Lets nothing go on for ever: neither a body nor headers, nor `100 Continue` again and again."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return _allowed.take(self._stream.read(max_bytes, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        if opened := self._stream.get_extra_info("socket"):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads; closing alone does not
        self._stream.close()

    def start_tls(self, *arguments: Any, **settings: Any) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(*arguments, **settings))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(self, *arguments: Any, **settings: Any) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(*arguments, **settings))


class _Transport(httpx.HTTPTransport):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._pool._network_backend = _Backend()  # httpx has no setting for what its pool connects with

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip", "deflate"):
            response.close()
            raise httpx.DecodingError(f"the reply is encoded as {encoding}, which was not asked for")
        if encoding != "identity":
            _allowed.size = LARGEST // _SQUEEZED
        return response


@cache
def _tls() -> ssl.SSLContext:
    """The certificates that are trusted, read once."""
    context: ssl.SSLContext = httpx.create_ssl_context()
    return context


def _pause(headers: httpx.Headers) -> float | None:
    """The seconds after which a server wants to be asked again."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(ValueError):
            seconds = float(headers.get(name, "")) * scale
            return seconds if math.isfinite(seconds) and seconds >= 0 else None
    with suppress(TypeError, ValueError, OverflowError):
        until = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, until.timestamp() - time.time())
    return None

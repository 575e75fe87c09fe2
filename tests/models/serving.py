"""A server on loopback that behaves as a test wants it, and the engine that asks it."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from models.engines import create_engine
from models.registry import served

GOOD = {"text": "answer: R D", "finish_reason": "stop"}
USAGE = {"completion_tokens": 4, "prompt_tokens": 9, "total_tokens": 13}


@contextmanager
def serving(behave):
    """A server on loopback that does `behave(handler, body, number of this request)`; gives address and requests."""
    seen, lock = [], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                seen.append((self.path, body, {name.lower(): value for name, value in self.headers.items()}))
                number = len(seen)
            self.close_connection = True
            try:
                behave(self, body, number)
            except OSError:
                self.close_connection = True  # the other side went away

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler, status, content, headers=(), kind="application/json"):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Connection", "close")
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def whole(body, choice=GOOD, **others):
    """What a server says to a request: `choice` has a text, or the message of a chat."""
    if "messages" in body and "text" in choice:
        choice = {"message": {"role": "assistant", "content": choice["text"]}, "finish_reason": choice["finish_reason"]}
    sound = {"id": "1", "object": "x", "created": 1, "model": body["model"], "usage": USAGE}
    return {**sound, "choices": [{"index": 0, **choice}], **others}


def reply(handler, body, choice=GOOD, **others):
    send(handler, 200, whole(body, choice, **others))


def asked(endpoint, questions, engine=None, **settings):
    """The reply or error of each question, in their order."""
    engine = engine or create_engine("server", **settings)
    found = {one.place: reply for one, reply in engine.generate(served("m", endpoint, "org/m"), questions)}
    assert len(found) == len(questions)
    return [found[one.place] for one in questions]

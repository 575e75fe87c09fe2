"""The ways in which a server may misbehave: what it does for one question, and what is to be told of it."""

import gzip
import json
import socket
import struct
from functools import partial

from .serving import reply, send, whole

KEY = "sk-proj-Ab3/dE+fG7hI9jK-lM5nO_pQ8r0T"
AWKWARD = "a \ud83d lone surrogate, a \x00 and \x1b[31mred"


def status(number, words, **fields):
    """An error as OpenAI sends it; every server here says the key too."""
    return lambda handler, body: send(handler, number, {"error": {"message": f"{words} {KEY}", **fields}})


def sends(code, content, kind="application/json", headers=()):
    return lambda handler, body: send(handler, code, content, headers, kind)


def says(**others):
    return lambda handler, body: reply(handler, body, **others)


def chooses(**choice):
    return lambda handler, body: reply(handler, body, {"finish_reason": "stop", **choice})


def answers(content, finish_reason="stop", **message):
    return chooses(message={"role": "assistant", "content": content, **message}, finish_reason=finish_reason)


def raw(data):
    return lambda handler, body: handler.wfile.write(data)


def head(*lines):
    return "".join(f"{line}\r\n" for line in ["HTTP/1.1 200 OK", "Content-Type: application/json", *lines, ""]).encode()


def cuts(handler, body):
    handler.wfile.write(head("Content-Length: 1000") + b'{"choices": [')


def hangs_up(handler, body):
    """Nothing at all is sent."""


def resets(handler, body):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def goes_on(first, more, handler, body):
    handler.wfile.write(first)
    while True:
        handler.wfile.write(more)


def is_silent(handler, body):
    handler.connection.settimeout(5)
    handler.connection.recv(1)  # until the other side has had enough


def drips(handler, body):
    handler.wfile.write(head("Transfer-Encoding: chunked"))
    handler.connection.settimeout(0.05)
    while True:
        handler.wfile.write(b"1\r\n \r\n")
        try:
            handler.connection.recv(1)
            return
        except TimeoutError:
            pass


def reason(handler, body):
    handler.wfile.write(f"HTTP/1.1 401 no such key {KEY}\r\nContent-Length: 0\r\n\r\n".encode())


def with_bytes(old, new):
    """A sound reply with some bytes of it changed."""

    def behave(handler, body):
        choice = {"text": "answer: R D", "finish_reason": "stop"}
        send(handler, 200, json.dumps(whole(body, choice)).encode().replace(old, new))

    return behave


def zipped(content):
    return sends(200, gzip.compress(content), headers=[("Content-Encoding", "gzip")])


HTML = f"<!doctype html><style>p {{}}</style><title>502 Bad Gateway</title><p>no upstream &amp; {KEY}</p>".encode()
ENDLESS_CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"

REFUSALS = {
    # what an error may be called
    "400": (status(400, "this prompt is not to my taste"), "HTTP 400: this prompt is not to my taste"),
    "401": (status(401, "Incorrect API key provided:"), r"HTTP 401: Incorrect API key provided: \*\*\*$"),
    "401 with an escaped key": (
        sends(401, json.dumps({"error": {"message": f"bad key {KEY}"}}).replace("/", "\\/").encode()),
        r"HTTP 401: bad key \*\*\*$",
    ),
    "401 with half of a key": (status(401, f"you sent {KEY[:20]}..."), r"HTTP 401: you sent \*\*\*"),
    "401 with the header": (
        sends(401, {"detail": f"header 'Authorization: Bearer {KEY}'"}),
        r"Authorization: Bearer \*\*\*",
    ),
    "401 in the status line": (reason, "HTTP 401: Unauthorized"),
    "402": (status(402, "your credit balance is too low"), "refuses org/m: HTTP 402: your credit"),
    "403": (status(403, "not in your country"), "refuses org/m: HTTP 403: not in your country"),
    "404": (status(404, "The model `org/m` does not exist."), "refuses org/m: HTTP 404: The model `org/m` does not"),
    "404 in plain text": (sends(404, b"404 page not found", "text/plain"), "HTTP 404: 404 page not found"),
    "404 of Ollama": (sends(404, {"error": "model 'm' not found, try pulling it"}), "HTTP 404: model 'm' not found"),
    "405": (sends(405, {"detail": "Method Not Allowed"}), "HTTP 405: Method Not Allowed"),
    "408": (status(408, "you were slow"), "HTTP 408: you were slow"),
    "409": (status(409, "there is a lock"), "HTTP 409: there is a lock"),
    "410": (status(410, "this model is gone"), "HTTP 410: this model is gone"),
    "413": (sends(413, b"", "text/plain"), "HTTP 413: Request Entity Too Large"),
    "418": (status(418, "short and stout"), "HTTP 418: short and stout"),
    "422 of FastAPI": (
        sends(422, {"detail": [{"loc": ["body", "messages"], "msg": "Field required", "input": {"key": KEY}}]}),
        "HTTP 422: body.messages: Field required",
    ),
    "429": (status(429, "Rate limit reached"), "HTTP 429: Rate limit reached"),
    "429 without money": (
        status(429, "You exceeded your current quota", code="insufficient_quota"),
        "refuses org/m: HTTP 429: You exceeded",
    ),
    "451": (status(451, "a judge said so"), "HTTP 451: a judge said so"),
    "500": (status(500, "CUDA error: out of memory"), "HTTP 500: CUDA error: out of memory"),
    "500 with a null message": (sends(500, {"error": {"message": None, "code": 7}}), "HTTP 500: 7"),
    "500 with an empty object": (sends(500, {}), "HTTP 500: {}"),
    "502 in HTML": (sends(502, HTML, "text/html"), r"HTTP 502: 502 Bad Gateway no upstream & \*\*\*"),
    "503 while it loads": (
        sends(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
        "HTTP 503: Loading model",
    ),
    "504 without a word": (sends(504, b""), "HTTP 504: Gateway Timeout"),
    "529": (status(529, "Overloaded"), "HTTP 529: Overloaded"),
    "599 without a word": (sends(599, b""), "HTTP 599: no known status"),
    "799": (status(799, "no status at all"), "HTTP 799: no status at all"),
    "an error of Gemini, in a list": (sends(400, [{"error": {"message": "API key not valid"}}]), "API key not valid"),
    "an error of old vLLM": (sends(400, {"object": "error", "message": "too old"}), "HTTP 400: too old"),
    "words that are no UTF-8": (sends(500, "caf\xe9 ferm\xe9".encode("latin-1"), "text/plain"), "HTTP 500: caf. ferm"),
    "words with control characters": (status(500, "\x1b[2J\u202egone"), r"HTTP 500: \\x1b\[2J\\u202egone"),
    "ten thousand words": (status(500, "no " * 10_000), "HTTP 500: no no"),
    # where it sends one elsewhere
    "301": (sends(301, b"", headers=[("Location", f"http://elsewhere/{KEY}")]), r"moved to http://elsewhere/\*\*\*"),
    "307 to itself": (sends(307, b"", headers=[("Location", "/v1/chat/completions")]), "moved to /v1/chat/completions"),
    "302 to a file": (sends(302, b"", headers=[("Location", "file:///etc/passwd")]), "moved to file:///etc/passwd"),
    "304 to nowhere": (sends(304, b""), "moved to nowhere"),
    # how long it says to wait
    "429 for a year": (sends(429, {"error": "come back"}, headers=[("Retry-After", "31536000")]), "429: come back"),
    "429 soon": (sends(429, {"error": "come back"}, headers=[("Retry-After", "soon")]), "429: come back"),
    "429 since yesterday": (sends(429, {"error": "come back"}, headers=[("Retry-After", "-9")]), "429: come back"),
    "429 for no number": (sends(429, {"error": "come back"}, headers=[("Retry-After", "nan")]), "429: come back"),
    "429 until a date": (
        sends(429, {"error": "come back"}, headers=[("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")]),
        "429: come back",
    ),
    # status 200, and yet an error
    "200 with an error": (sends(200, {"error": {"message": f"no route {KEY}"}}), "an error in it: no route"),
    "200 with an error of a string": (sends(200, {"error": "no such model"}), "an error in it: no such model"),
    "200 with a refusal": (
        sends(200, {"error": {"message": "who are you", "code": 401}}),
        "refuses org/m: .*who are you",
    ),
    "200 with an error that may pass": (sends(200, {"error": {"message": "upstream", "code": "502"}}), "it: upstream"),
    "200 with an error in its choice": (
        chooses(message={"content": ""}, finish_reason="error", error={"message": "provider down", "code": 502}),
        "an error in it: provider down",
    ),
    "200 and broken off": (answers("answer: R", finish_reason="abort"), r"broke the reply off \(abort\)"),
    # what is no reply
    "nothing": (sends(200, b""), "no reply in JSON: nothing"),
    "204": (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "no reply in JSON: nothing"),
    "HTML": (sends(200, HTML, "text/html"), "no reply in JSON: text/html: 502 Bad Gateway no upstream"),
    "plain text": (sends(200, b"answer: R D", "text/plain"), "no reply in JSON: text/plain: answer: R D"),
    "a stream": (
        sends(200, b'data: {"choices": [{"delta": {}}]}\n\ndata: [DONE]\n\n', "text/event-stream"),
        "text/event-stream: data:",
    ),
    "half of a JSON": (sends(200, b'{"choices": [{"mess'), r'no reply in JSON: {"choices": \[{"mess'),
    "a deep JSON": (sends(200, b"[" * 100_000), r"no reply in JSON: \[\[\["),
    "a number of 5,000 digits": (sends(200, b'{"choices": ' + b"9" * 5000 + b"}"), "no reply in JSON: .*999"),
    "null": (sends(200, None), "no reply in JSON: null"),
    "a list": (sends(200, ["answer: R D"]), "no reply in JSON: .*answer: R D"),
    "a number": (sends(200, 7), "no reply in JSON: 7"),
    "no choices": (sends(200, {"id": "7", "object": "chat.completion"}), "holds no choice: .*chat.completion"),
    "empty choices": (says(choices=[]), "holds no choice"),
    "null choices": (says(choices=None), "holds no choice"),
    "choices of null": (says(choices=[None]), "holds no choice"),
    "choices by name": (says(choices={"a": 1}), "holds no choice"),
    "the format of Ollama": (sends(200, {"message": {"content": "answer: R D"}, "done": True}), "no choice: .*done"),
    "a null message": (chooses(message=None), "holds no text"),
    "a message of a string": (chooses(message="answer: R D"), "holds no text: .*answer: R D"),
    "a content of a number": (answers(7), "reply is int and no text"),
    "a content of an object": (answers({"text": "answer: R D"}), "reply is dict and no text"),
    # what is no HTTP, or has no end
    "nothing at all": (hangs_up, "disconnected without sending a response"),
    "a reset": (resets, "reset by peer"),
    "a body that is cut": (cuts, r"received 13 bytes, expected 1000"),
    "SSH": (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "SSH-2.0-OpenSSH_9.2"),
    "HTTP/2": (raw(b"\0\0\x12\4\0\0\0\0\0" + b"\0" * 18), "gave no reply: "),
    "a length below zero": (raw(head("Content-Length: -5")), "bad Content-Length"),
    "two lengths": (raw(head("Content-Length: 5", "Content-Length: 6") + b"12345"), "conflicting Content-Length"),
    "a chunk of no length": (raw(head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n"), "illegal chunk header"),
    "a body without an end": (partial(goes_on, head(), b" " * 65536), "did not end within 262144 bytes"),
    "chunks without an end": (
        partial(goes_on, head("Transfer-Encoding: chunked"), ENDLESS_CHUNK),
        "did not end within 262144 bytes",
    ),
    "headers without an end": (
        partial(goes_on, head()[:-2], b"X: y\r\n" * 999),
        "gave no reply: .*(too large|too long|262144)",
    ),
    "100 Continue for ever": (
        partial(goes_on, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
        "did not end within 262144 bytes",
    ),
    "drops": (drips, "did not end within 0.4 s"),
    "silence": (is_silent, "no byte came for 0.4 s"),
    "a broken gzip": (sends(200, b"no gzip", headers=[("Content-Encoding", "gzip")]), "incorrect header check"),
    "a bomb of gzip": (zipped(b" " * 2**24), "did not end within|no reply in JSON"),
    "an encoding nobody asked for": (sends(200, b"x", headers=[("Content-Encoding", "br")]), "encoded as br"),
    "gzip in gzip": (sends(200, b"x", headers=[("Content-Encoding", "gzip, gzip")]), "encoded as gzip, gzip"),
}
"""By name: what the server does, and what is told."""

ODDITIES = {
    "no usage": (says(usage=None), "answer: R D", 3),
    "an empty usage": (says(usage={}), "answer: R D", 3),
    "a usage of null": (says(usage={"completion_tokens": None}), "answer: R D", 3),
    "a usage of a list": (says(usage=[4]), "answer: R D", 3),
    "a usage of 4.0": (says(usage={"completion_tokens": 4.0}), "answer: R D", 4),
    "a usage of 4.5": (says(usage={"completion_tokens": 4.5}), "answer: R D", 3),
    "a usage below zero": (says(usage={"completion_tokens": -4}), "answer: R D", 3),
    "a usage of zero": (says(usage={"completion_tokens": 0}), "answer: R D", 3),
    "a usage of 10^30": (says(usage={"completion_tokens": 10**30, "prompt_tokens": -1}), "answer: R D", 3),
    "a usage of no number": (says(usage={"completion_tokens": float("nan")}), "answer: R D", 3),
    "a usage without an end": (says(usage={"completion_tokens": float("inf")}), "answer: R D", 3),
    "a usage of a string": (says(usage={"completion_tokens": "4"}), "answer: R D", 3),
    "a usage of true": (says(usage={"completion_tokens": True}), "answer: R D", 3),
    "no reason to finish": (chooses(message={"content": "answer: R D"}, finish_reason=None), "answer: R D", 4),
    "a reason that is a list": (chooses(message={"content": "answer: R D"}, finish_reason=["x"]), "answer: R D", 4),
    "another content type": (
        lambda handler, body: send(handler, 200, whole(body), kind="text/html"),
        "answer: R D",
        4,
    ),
    "a byte order mark": (with_bytes(b'{"id"', b'\xef\xbb\xbf{"id"'), "answer: R D", 4),
    "a byte that is no UTF-8": (with_bytes(b": R D", b": R D\xff"), "answer: R D\ufffd", 4),
    "characters that no file takes": (answers(AWKWARD), AWKWARD.replace("\ud83d", "\ufffd"), 4),
    "its key": (answers(f"{KEY} answer: R D"), "*** answer: R D", 4),
    "its key in base64": (answers("QmVhcmVyIHNrLXByb2otQWIzL2RFK2ZHN2hJOWpLLWxNNW5PX3BROHIwVA=="), None, 4),
    "a content in parts": (
        answers([{"type": "text", "text": "answer: "}, {"type": "image"}, None, "R D"]),
        "answer: R D",
        4,
    ),
    "a thought among the parts": (
        answers([{"type": "thinking", "thinking": [{"text": "hm"}]}, {"text": "answer: R D"}]),
        "<think>\nhm\n</think>\nanswer: R D",
        4,
    ),
    "a thought beside it": (answers("answer: R D", reasoning_content="U?"), "<think>\nU?\n</think>\nanswer: R D", 4),
    "a thought as vLLM has it": (answers("answer: R D", reasoning="U?"), "<think>\nU?\n</think>\nanswer: R D", 4),
    "a thought alone": (answers(None, reasoning_content="answer: U"), "<think>\nanswer: U\n</think>\n", 4),
    "a thought that ends thoughts": (
        answers(None, reasoning_content="</think>answer: U"),
        "<think>\n< /think>answer: U\n</think>\n",
        4,
    ),
    "a thought twice": (answers("<think>U?</think>answer: R D", reasoning="U?"), "<think>U?</think>answer: R D", 4),
    "a thought that is none": (answers("answer: R D", reasoning_content={"a": 1}), "answer: R D", 4),
    "a refusal": (answers(None, refusal="I will not"), "I will not", 4),
    "null": (answers(None), "", 4),
    "tools": (answers(None, tool_calls=[{"function": {"name": "walk"}}]), "", 4),
    "fields nobody knows": (says(error=None, warnings=["x"], choices_2=[]), "answer: R D", 4),
    "a text in place of a message": (
        lambda handler, body: send(
            handler, 200, {**whole(body), "choices": [{"text": "answer: R D", "finish_reason": "stop"}]}
        ),
        "answer: R D",
        4,
    ),
    "a zipped reply": (
        lambda handler, body: zipped(json.dumps(whole(body)).encode())(handler, body),
        "answer: R D",
        4,
    ),
}
"""By name: what the server does, the text of the reply (None where only the key matters) and its tokens."""

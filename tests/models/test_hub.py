"""The hub's own client against a hub on loopback that keeps its models in a folder."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ..conftest import ROOT

COMMIT = "5" * 40


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as downloading and uploading a model takes."""

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        body = json.dumps(body).encode() if isinstance(body, dict | list) else body
        for name, value in ({"Content-Length": len(body)} | headers).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        root = self.server.root
        if found := re.match(r"/api/models/(\w+/[\w-]+)/(revision|tree)/([\w.]+)", self.path):
            repo, what, revision = found.groups()
            if repo == "org/gated":
                return self.answer(403, X_Error_Code="GatedRepo", X_Error_Message="gated")
            if not (root / repo).is_dir():
                return self.answer(404, X_Error_Code="RepoNotFound", X_Error_Message="no such repository")
            if revision not in ("main", "v1", COMMIT):
                return self.answer(404, X_Error_Code="RevisionNotFound", X_Error_Message="no such revision")
            lying = sorted((root / repo).iterdir())
            if what == "tree":
                return self.answer(
                    200,
                    [{"type": "file", "path": one.name, "size": one.stat().st_size, "oid": COMMIT} for one in lying],
                )
            files = [{"rfilename": file.name} for file in lying]
            return self.answer(200, {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": files, "tags": []})
        if found := re.match(r"/(\w+/[\w-]+)/resolve/\w+/([\w.-]+)", self.path):
            body = (root / found[1] / found[2]).read_bytes()
            self.server.asked.append(found[2])
            return self.answer(200, body, ETag=f'"{hashlib.sha1(body).hexdigest()}"', X_Repo_Commit=COMMIT)
        return self.answer(404)

    do_HEAD = do_GET  # noqa: N815 - the name is the standard library's

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != "Bearer secret":
            return self.answer(401, {"error": "Invalid credentials"})
        here = f"http://{self.headers['Host']}/org/new"
        if self.path == "/api/repos/create":
            return self.answer(200, {"url": here, "id": "org/new", "name": "org/new"})
        if self.path.endswith("/preupload/main"):
            files = [one | {"uploadMode": "regular", "shouldIgnore": False} for one in json.loads(body)["files"]]
            return self.answer(200, {"files": files})
        if self.path.endswith("/commit/main"):
            folder = self.server.root / "org" / "new"
            folder.mkdir()
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    (folder / line["value"]["path"]).write_bytes(base64.b64decode(line["value"]["content"]))
            commit = {"success": True, "commitOid": COMMIT, "commitUrl": f"{here}/commit/{COMMIT}", "hookOutput": ""}
            return self.answer(200, commit)
        return self.answer(200, {"errors": [], "warnings": []})


@pytest.fixture
def hub(tmp_path, tiny_model):
    """A hub with one model, `org/name`, which has a pickle and code lying beside its weights."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.root, server.asked = tmp_path / "hub", []
    (folder := server.root / "org" / "name").mkdir(parents=True)
    for file in tiny_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_own.py").write_text("raise SystemExit('run!')")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(tmp_path, endpoint, *arguments, **more):
    """`python -m models` with that hub, a cache and a store of its own; exit code and what it printed."""
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "LABIRINTO_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "models", *arguments],
        cwd=tmp_path,
        env={**os.environ, **settings, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_model_is_downloaded_once_without_its_pickle_and_its_code(hub, tmp_path):
    endpoint = f"http://127.0.0.1:{hub.server_port}"
    code, told = run(tmp_path, endpoint, "build", "org/name@v1")
    assert code == 0, told
    assert f"snapshots/{COMMIT}" in told
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(hub.asked)
    assert not {"pytorch_model.bin", "modeling_own.py"} & set(hub.asked)
    hub.asked.clear()
    # what is here is found without a network too
    code, told = run(tmp_path, endpoint, "build", "org/name@v1", HF_HUB_OFFLINE="1")
    assert (code, hub.asked) == (0, [])
    assert f"snapshots/{COMMIT}" in told


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("org/none", "no model org/none on the hub, or it is private"),
        ("org/name@v2", "the model org/name has no branch, tag or commit 'v2'"),
        ("org/gated", "the model org/gated is gated: accept its terms"),
        ("sft:org/none", "no model org/none on the hub"),
    ],
)
def test_what_the_hub_does_not_give_is_said_with_what_to_do(hub, tmp_path, name, message):
    code, told = run(tmp_path, f"http://127.0.0.1:{hub.server_port}", "build", name)
    assert code == 2
    assert message in told
    assert "Traceback" not in told


def test_without_a_network_it_says_so_and_what_to_do(tmp_path):
    for more in ({}, {"HF_HUB_OFFLINE": "1"}):
        code, told = run(tmp_path, "http://127.0.0.1:9", "build", "org/name", **more)
        assert code == 2
        assert "org/name is not on this machine, and the hub cannot be reached (" in told
        assert "hf download org/name" in told


def test_a_built_checkpoint_is_pushed_with_its_card(hub, tmp_path):
    endpoint = f"http://127.0.0.1:{hub.server_port}"
    code, told = run(tmp_path, endpoint, "push", "base", "org/new", HF_TOKEN="wrong")
    assert code == 2
    assert "cannot push to org/new" in told
    assert "a token with write access" in told
    code, told = run(tmp_path, endpoint, "push", "base", "org/new", HF_TOKEN="secret")
    assert code == 0, told
    pushed = hub.root / "org" / "new"
    shipped = ROOT / "models" / "shipped" / "base"
    assert {file.name for file in pushed.iterdir()} == {"README.md", *(file.name for file in shipped.iterdir())}
    assert (pushed / "model.safetensors").read_bytes() == (shipped / "model.safetensors").read_bytes()
    assert "## Where it comes from" in (pushed / "README.md").read_text()

"""A hub on this machine that keeps repositories in memory and answers the real client over HTTP.

It takes what `huggingface_hub` sends to make a repository, to commit regular files and to download
them, and notes every `Authorization` it is sent. It knows nothing of large files' own storage.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


class Repository:
    """Files by commit; the last one counts."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self.commits: list[tuple[str, dict[str, bytes]]] = []
        self.commit({".gitattributes": b"* text\n"})

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1][1]

    def commit(self, files: dict[str, bytes]) -> str:
        told = json.dumps([len(self.commits), sorted(files)]).encode()
        sha = hashlib.sha1(told).hexdigest()
        self.commits.append((sha, files))
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, bytes]]:
        return next((one for one in self.commits if one[0] == revision), self.commits[-1])


class FakeHub:
    """What a test sees of it."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.token = "hf_TheTokenOfThisTest"
        self.asked: list[str] = []
        """Method and path of every request, in their order."""
        self.sent: list[str | None] = []
        """Its `Authorization`."""
        self.status: int | None = None
        """Answered to every request that changes something, where it is given."""
        self.url = ""


@contextmanager
def running() -> Iterator[FakeHub]:
    """A hub for the time of a test."""
    hub = FakeHub()

    class Handler(_Handler):
        of = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    of: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._note()
        place = urlsplit(self.path).path
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", place):
            self._about(found[1], unquote(found[2] or "main"))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/.*)?", place):
            self._tree(found[1], unquote(found[2]))
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", place):
            self._file(found[1], unquote(found[2]), unquote(found[3]))
        else:
            self._say(404, {"error": "no such place"}, "EntryNotFound")

    do_HEAD = do_GET  # noqa: N815  The server's name.

    def do_POST(self) -> None:
        self._note()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path).path
        if place == "/api/validate-yaml":
            self._say(200, {"errors": [], "warnings": []})
        elif self.headers.get("Authorization") != f"Bearer {self.of.token}":
            self._say(401, {"error": "Invalid credentials"})
        elif self.of.status is not None:
            self._say(self.of.status, {"error": "as the test asks"})
        elif place == "/api/repos/create":
            self._create(json.loads(body))
        elif re.search("/preupload/", place):
            asked = json.loads(body)["files"]
            plain = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            self._say(200, {"files": [{"path": one["path"], **plain} for one in asked]})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/.+", place):
            self._commit(self.of.repositories[found[1]], body, found[1])
        else:
            self._say(404, {"error": "no such place"})

    def _note(self) -> None:
        self.of.asked.append(f"{self.command} {urlsplit(self.path).path}")
        self.of.sent.append(self.headers.get("Authorization"))

    def _seen(self, name: str) -> Repository | None:
        found = self.of.repositories.get(name)
        is_known = self.headers.get("Authorization") == f"Bearer {self.of.token}"
        if found is None or (found.private and not is_known):
            self._say(401 if not is_known else 404, {"error": "not found"}, "RepoNotFound")
            return None
        return found

    def _about(self, name: str, revision: str) -> None:
        if (found := self._seen(name)) is not None:
            sha, files = found.at(revision)
            beside = [{"rfilename": one, "size": len(data)} for one, data in files.items()]
            told = {"id": name, "sha": sha, "private": found.private, "siblings": beside}
            self._say(200, told)

    def _tree(self, name: str, revision: str) -> None:
        if (found := self._seen(name)) is not None:
            _, files = found.at(revision)
            self._say(
                200,
                [
                    {"type": "file", "path": one, "size": len(data), "oid": _oid(data)}
                    for one, data in files.items()
                ],
            )

    def _file(self, name: str, revision: str, path: str) -> None:
        if (found := self._seen(name)) is None:
            return
        sha, files = found.at(revision)
        if path not in files:
            self._say(404, {"error": "no such file"}, "EntryNotFound")
            return
        data = files[path]
        beside = {"X-Repo-Commit": sha, "ETag": f'"{_oid(data)}"', "Accept-Ranges": "bytes"}
        self._send(200, data, beside)

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.of.repositories:
            self._say(409, {"error": "exists"})
            return
        private = asked.get("private") or asked.get("visibility") == "private"
        self.of.repositories[name] = Repository(bool(private))
        self._say(200, {"url": f"{self.of.url}/{name}"})

    def _commit(self, found: Repository, body: bytes, name: str) -> None:
        files = dict(found.files)
        for line in map(json.loads, body.decode().splitlines()):
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit", None) not in (
                None,
                found.commits[-1][0],
            ):
                self._say(412, {"error": "changed meanwhile"})
                return
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "deletedFile":
                del files[value["path"]]
        sha = found.commit(files)
        self._say(
            200, {"commitOid": sha, "commitUrl": f"{self.of.url}/{name}/commit/{sha}", "success": 1}
        )

    def _say(self, status: int, told: Any, code: str | None = None) -> None:
        beside = {"Content-Type": "application/json"} | ({"X-Error-Code": code} if code else {})
        self._send(status, json.dumps(told).encode(), beside)

    def _send(self, status: int, data: bytes, beside: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in beside.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

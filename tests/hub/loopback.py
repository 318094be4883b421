"""A small Hugging Face hub on this machine: what huggingface_hub asks for, and what can go wrong, on request.

    with LoopbackHub() as hub:
        hub.add("gpt2", folder, alias="GPT2")
        hub.fail("model.safetensors", "drop")     # the next GET of that file breaks off half way
        …HF_ENDPOINT=hub.url…
        hub.sent["model.safetensors"]             # bytes of its content that left the server

Big files (.safetensors, .bin) are served as LFS files: the hub answers with their SHA-256, their size and a redirect to
a second host name. Renamed repositories answer with the 307 and the relative address that the real hub gives.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

CHUNK = 1 << 16


@dataclass
class File:
    """One file of a repository, read from disk when it is asked for."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def lfs(self) -> bool:
        return self.path.suffix in (".safetensors", ".bin")

    @cached_property
    def etag(self) -> str:
        """What the hub uses: SHA-256 for LFS files, git's blob hash for the others."""
        if self.lfs:
            with self.path.open("rb") as f:
                return hashlib.file_digest(f, "sha256").hexdigest()
        content = self.path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Fault:
    """What happens instead, the next `times` times that a request's path contains `where`."""

    where: str
    kind: str  # "status", "slow", "drop", "truncate", "flip", "hang"
    times: int
    method: str
    skip: int
    options: dict


@dataclass
class LoopbackHub:
    """The server; `log` holds every request as (method, path), `sent` the content bytes by file name."""

    repos: dict[str, dict[str, dict[str, File]]] = field(default_factory=dict)  # repo → revision → name → file
    renamed: dict[str, str] = field(default_factory=dict)
    gated: dict[str, int] = field(default_factory=dict)  # repo → 401 or 403
    faults: list[Fault] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    sent: Counter = field(default_factory=Counter)

    def __enter__(self) -> LoopbackHub:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def storage(self) -> str:
        """Where LFS files lie: another host to a client, which must not send its token there."""
        return f"http://localhost:{self.server.server_port}"

    def add(self, repo: str, folder: Path, *, revision: str = "main", alias: str | None = None) -> None:
        """Serve a folder as a model; `alias` is a former name, which redirects."""
        files = {p.relative_to(folder).as_posix(): File(p) for p in sorted(folder.rglob("*")) if p.is_file()}
        self.repos.setdefault(repo, {})[revision] = files
        if alias:
            self.renamed[alias] = repo

    def commit(self, repo: str, revision: str) -> str:
        names = sorted((name, f.etag) for name, f in self.repos[repo][revision].items())
        return hashlib.sha1(json.dumps([repo, names]).encode()).hexdigest()

    def find(self, repo: str, revision: str) -> tuple[str, dict[str, File]] | None:
        """(commit, files) of a branch, a tag or a commit."""
        for name, files in self.repos[repo].items():
            if revision in (name, self.commit(repo, name)):
                return self.commit(repo, name), files
        return None

    def fail(self, where: str, kind: str, times: int = 1, method: str = "GET", skip: int = 0, **options) -> None:
        """Let requests for `where` go wrong: status (code=, headers=), slow (seconds=), drop, truncate, flip, hang.

        The first `skip` requests that fit are let through.
        """
        self.faults.append(Fault(where, kind, times, method, skip, options))

    def fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.where in path and fault.method in (method, "*"):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def reset(self) -> None:
        """Forget faults and counts; keep what is served."""
        self.faults.clear(), self.log.clear(), self.sent.clear(), self.gated.clear()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.log.append((self.command, path))
        fault = self.hub.fault(self.command, path)
        try:
            if fault and fault.kind in ("status", "slow", "hang"):
                time.sleep(fault.options.get("seconds", 60 if fault.kind == "hang" else 0))
                if fault.kind == "status":
                    return self.error(fault.options["code"], **fault.options.get("headers", {}))
                if fault.kind == "hang":
                    return self.connection.close()
            self.route(path, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def route(self, path: str, fault: Fault | None) -> None:
        if path == "/api/models":
            return self.json([])
        if match := re.fullmatch(r"/storage/(\w+)/(.+)", path):
            return self.storage(*match.groups(), fault)
        if match := re.fullmatch(r"/api/models/(.+?)(?:/(revision|tree)/([^/]+))?", path):
            repo, what, revision = match.groups()
        elif match := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path):
            repo, revision, what = match[1], match[2], match[3]
        else:
            return self.error(404)
        if repo in self.hub.renamed:
            query = urlsplit(self.path).query
            target = path.replace(repo, self.hub.renamed[repo], 1) + (f"?{query}" if query else "")
            return self.reply(307, Location=target)
        if repo not in self.hub.repos:
            # The real hub hides whether a repository exists from those who are not logged in: 401.
            return self.error(404 if "authorization" in self.headers else 401, X_Error_Code="RepoNotFound")
        found = self.hub.find(repo, revision or "main")
        if found is None:
            return self.error(404, X_Error_Code="RevisionNotFound", X_Error_Message=f"Invalid rev id: {revision}")
        commit, files = found
        if path.startswith("/api/"):
            return self.listing(repo, commit, files) if what == "tree" else self.info(repo, commit, files)
        if status := self.hub.gated.get(repo):
            message = f"Access to model {repo} is restricted and you are not in the authorized list."
            return self.error(status, X_Error_Code="GatedRepo", X_Error_Message=message)
        if what not in files:
            return self.error(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
        file = files[what]
        if file.lfs:
            return self.reply(
                302, Location=f"{self.hub.storage}/storage/{file.etag}/{what}", X_Repo_Commit=commit,
                X_Linked_Etag=f'"{file.etag}"', X_Linked_Size=str(file.size), ETag=f'"{file.etag[:32]}"',
            )  # fmt: skip
        self.content(file, what, fault, X_Repo_Commit=commit)

    def storage(self, etag: str, name: str, fault: Fault | None) -> None:
        assert "authorization" not in self.headers, "a token was sent to the storage host"
        for revisions in self.hub.repos.values():
            for files in revisions.values():
                if name in files and files[name].lfs and files[name].etag == etag:
                    return self.content(files[name], name, fault)
        self.error(404)

    def info(self, repo: str, commit: str, files: dict[str, File]) -> None:
        siblings = [{"rfilename": name} for name in files]
        self.json({"_id": "0", "id": repo, "modelId": repo, "sha": commit, "private": False, "gated": False,
                   "tags": [], "downloads": 0, "likes": 0, "siblings": siblings})  # fmt: skip

    def listing(self, repo: str, commit: str, files: dict[str, File]) -> None:
        entries = []
        for name, file in files.items():
            oid = hashlib.sha1(file.etag.encode()).hexdigest() if file.lfs else file.etag
            entry = {"type": "file", "oid": oid, "size": file.size, "path": name}
            if file.lfs:
                entry["lfs"] = {"oid": file.etag, "size": file.size, "pointerSize": 135}
            entries.append(entry)
        self.json(entries)

    def content(self, file: File, name: str, fault: Fault | None, **headers: str) -> None:
        """The file, or the range asked for; with a fault, not quite."""
        start, stop, status = 0, file.size, 200
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, stop, status = int(match[1]), min(int(match[2] or stop) + 1, stop) if match[2] else stop, 206
            if start >= file.size:
                return self.error(416, Content_Range=f"bytes */{file.size}")
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
        kind = fault.kind if fault else None
        promised = stop - start
        length = promised // 2 if kind in ("drop", "truncate") else promised
        headers["Content-Length"] = str(length if kind == "truncate" else promised)
        if kind == "truncate" and status == 206:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{file.size}"
        self.start(status, **{"ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"} | headers)
        if self.command == "HEAD":
            return
        with file.path.open("rb") as f:
            f.seek(start)
            sent = 0
            while sent < length:
                block = bytearray(f.read(min(CHUNK, length - sent)))
                if kind == "flip" and sent <= length // 2 < sent + len(block):
                    block[length // 2 - sent] ^= 1
                sent += len(block)
                self.hub.sent[name] += len(block)  # before they leave: who has them all may ask at once
                self.wfile.write(block)
                if rate := fault.options.get("bytes_per_second") if fault else None:
                    time.sleep(len(block) / rate)
        if kind == "drop":
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def json(self, data: object) -> None:
        body = json.dumps(data).encode()
        self.start(200, Content_Type="application/json", Content_Length=str(len(body)))
        if self.command == "GET":
            self.wfile.write(body)

    def error(self, status: int, **headers: str) -> None:
        self.reply(status, **headers)

    def reply(self, status: int, **headers: str) -> None:
        self.start(status, Content_Length="0", **headers)

    def start(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

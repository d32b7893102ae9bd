"""Servers of files on this machine: SFTP by paramiko, FTP by pyftpdlib, and a little WebDAV."""

import base64
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import paramiko
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

USER, PASSWORD = "agir", "right"
HOST_KEY = paramiko.ECDSAKey.generate()
FINGERPRINT = "SHA256:" + base64.b64encode(
    hashlib.sha256(HOST_KEY.asbytes()).digest()
).decode().rstrip("=")


class _Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        is_right = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


def _files_of(folder: Path) -> type[paramiko.SFTPServerInterface]:
    class Files(paramiko.SFTPServerInterface):
        def list_folder(self, path: str) -> Any:
            found = []
            for name in os.listdir(self._real(path)):
                entry = paramiko.SFTPAttributes.from_stat(os.stat(self._real(f"{path}/{name}")))
                entry.filename = name
                found.append(entry)
            return found

        def stat(self, path: str) -> Any:
            try:
                return paramiko.SFTPAttributes.from_stat(os.stat(self._real(path)))
            except OSError as fault:
                return paramiko.SFTPServer.convert_errno(fault.errno or 0)

        lstat = stat

        def open(self, path: str, flags: int, attr: Any) -> Any:
            handle = paramiko.SFTPHandle(flags)
            handle.readfile = self._real(path).open("rb")  # type: ignore[attr-defined]
            return handle

        def _real(self, path: str) -> Path:
            return folder / path.lstrip("/")

    return Files


@contextmanager
def sftp_server(folder: Path) -> Iterator[int]:
    """The port of a server that shows ``folder`` to one user."""
    listening = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transports.append(transport)
            transport.add_server_key(HOST_KEY)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _files_of(folder))
            try:
                transport.start_server(server=_Door())
            except (paramiko.SSHException, EOFError):
                continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        for transport in transports:
            transport.close()


@contextmanager
def ftp_server(folder: Path) -> Iterator[int]:
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(folder))
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer, "auth_failed_timeout": 0})
    server = FTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"timeout": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.address[1]
    finally:
        server.close_all()
        thread.join()


class _WebDav(BaseHTTPRequestHandler):
    """PROPFIND and GET, as Nextcloud answers them."""

    folder: Path

    def do_PROPFIND(self) -> None:
        path = self.folder / unquote(self.path).strip("/")
        if not self._may_enter():
            return
        if not path.exists():
            self.send_error(404)
            return
        inside = sorted(path.iterdir()) if path.is_dir() else []
        listed = [path, *(inside if self.headers.get("Depth") == "1" else [])]
        body = (
            '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">'
            + "".join(map(self._entry, listed))
            + "</d:multistatus>"
        ).encode()
        self._answer(207, body, "application/xml")

    def do_GET(self) -> None:
        if self._may_enter():
            path = self.folder / unquote(self.path).strip("/")
            self._answer(200, path.read_bytes(), "application/octet-stream")

    def _entry(self, path: Path) -> str:
        found = path.stat()
        href = quote("/" + str(path.relative_to(self.folder)).removeprefix("."))
        kind = "<d:collection/>" if path.is_dir() else ""
        return (
            f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>"
            f"<d:getcontentlength>{found.st_size}</d:getcontentlength>"
            f"<d:getlastmodified>{self.date_time_string(int(found.st_mtime))}</d:getlastmodified>"
            f'<d:getetag>"{found.st_mtime_ns}"</d:getetag>'
            f"<d:resourcetype>{kind}</d:resourcetype></d:prop>"
            "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        )

    def _may_enter(self) -> bool:
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {right}":
            return True
        self._answer(401, b"", "text/plain")
        return False

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        return


@contextmanager
def webdav_server(folder: Path) -> Iterator[int]:
    handler = type("Handler", (_WebDav,), {"folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()

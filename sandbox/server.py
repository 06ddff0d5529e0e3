"""The HTTP server: bytes in, bytes out, keep-alive, on the loopback interface only."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.front import answer
from sandbox.port import machine
from sandbox.scene import Scene
from sandbox.wire import HangUp, Reply, Request

HOST = "127.0.0.1"
LONGEST_BODY = 3 << 20  # a picture of 2 MB in its form


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, scene: Scene) -> None:
        self.scene = scene
        super().__init__((HOST, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a caller that hung up is no fault of ours
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sandbox", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    timeout = 75  # of an idle connection
    server: Server

    def do_any(self) -> None:
        if self.command == "GET" and self.headers.get("Upgrade", "").lower() == "websocket":
            self._converse()
            return
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._write(Reply(411), last=True)
        elif int(length) > LONGEST_BODY:
            self._write(Reply(413), last=True)
        else:
            self._answer(self.rfile.read(int(length)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = answer(self.server.scene, Request(self.command, self.path, headers, body))
        except HangUp:
            self.close_connection = True
        else:
            self._write(reply)

    def _converse(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        self.connection.settimeout(None)  # a client keeps its line while it has nothing to sign
        asked = Request(self.command, self.path, headers, b"")
        machine.converse(self.server.scene, asked, self.rfile, self.wfile)

    def _write(self, reply: Reply, *, last: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        if last:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """The journal already tells what was answered, and query strings hold secrets."""

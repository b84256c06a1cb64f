# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A server on this machine that does what a test tells it to do, request by request."""

import hashlib
import http.server
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Answer:
    """To one request; the next request of the same path gets the next answer, and
    when none is left, an ordinary one."""

    status: int | None = None  # an error, or a redirect to `to`
    to: str = ""
    send: int | None = None  # of the body's bytes, then close the connection
    stall: float = 0  # seconds without a byte after that
    ignore_range: bool = False
    body: bytes | None = None  # instead of the file
    length: int | None = None  # Content-Length, if it lies
    chunked: bool = False  # a body without Content-Length
    shift: int = 0  # send another range than the one asked for
    etag: str | None = None
    pause: float = 0  # seconds before the answer


@dataclass
class Request:
    path: str
    range: str | None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        hub = self.server.hub
        with hub.guard:
            hub.requests.append(Request(self.path, self.headers["Range"]))
            answers = hub.answers.get(self.path, [])
            answer = answers.pop(0) if answers else Answer()
        self.close_connection = True
        try:
            self.respond(hub, answer)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the other side has heard enough

    def respond(self, hub, answer: Answer) -> None:
        time.sleep(answer.pause)
        body = hub.files.get(self.path) if answer.body is None else answer.body
        if body is None:
            answer.status = answer.status or 404
        if answer.status:
            self.send_response(answer.status)
            if answer.to:
                self.send_header("Location", answer.to)
                whole = hashlib.sha256(hub.files[self.path]).hexdigest()
                self.send_header("X-Linked-ETag", f'"{answer.etag or whole}"')
            self.send_header("Content-Length", "0")
            return self.end_headers()
        begin = 0
        wanted = self.headers["Range"]
        if wanted and not answer.ignore_range:
            begin = int(wanted.removeprefix("bytes=").removesuffix("-")) + answer.shift
            if begin >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(answer.length or len(body) - begin))
        if answer.etag:
            self.send_header("ETag", answer.etag)
        self.end_headers()
        sent = body[begin:] if answer.send is None else body[begin : begin + answer.send]
        if answer.chunked:
            sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent)
        self.wfile.write(sent)
        self.wfile.flush()
        hub.stop.wait(answer.stall)


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away, as Ctrl-C makes it


@dataclass
class Hub:
    """files: path -> bytes; answers: path -> [Answer]."""

    files: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)

    def __enter__(self):
        self.guard, self.stop = threading.Lock(), threading.Event()
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.hub = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()

    def ranges(self, name: str) -> list:
        """What was asked of the file called `name`, in order."""
        return [r.range for r in self.requests if r.path.endswith("/" + name)]

"""A small HTTP server that serves archives in NinaPro's layout, and misbehaves as it is told.

``faults[path]`` is a list: each request of that path takes the first one off it.
"""

import contextlib
import http.server
import io
import stat
import threading
import time
import zipfile
from collections import Counter


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content: dict[str, bytes] = {}
        self.faults: dict[str, list] = {}
        self.version: dict[str, str] = {}
        self.requests = Counter()
        self.sent = Counter()  # bytes of bodies
        self.moved: dict[str, str] = {}  # from one path to another
        self.ranges = True
        self.lengths = True  # told beforehand
        self.pause_s = 0.0  # between blocks of 16 KiB

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # clients of these tests hang up


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        body = self.server.content.get(self.path.lstrip("/"))
        self.send_response(200 if body is not None else 404)
        if self.server.lengths:
            self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()

    def do_GET(self):
        path = self.path.lstrip("/")
        if path in self.server.moved:
            self._answer(
                302, {"Location": f"/{self.server.moved[path]}", "Content-Length": "0"}, b""
            )
            return
        self.server.requests[path] += 1
        faults = self.server.faults.get(path, [])
        fault = faults.pop(0) if faults else None
        body = self.server.content.get(path)
        status = fault if isinstance(fault, int) else 200 if body is not None else 404
        if status != 200:
            self._answer(status, {"Content-Length": "0"}, b"")
            return
        etag = f'"{self.server.version.get(path, "1")}"'
        first, headers = 0, {"ETag": etag}
        wanted = self.headers.get("Range")
        if wanted and self.server.ranges and self.headers.get("If-Range") in (None, etag):
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            if first >= len(body):
                self._answer(416, {"Content-Length": "0"}, b"")
                return
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
            status = 206
        rest = body[first:]
        length = len(rest)
        if fault == "longer than sent":
            length += 100
        elif fault == "shorter than sent":
            length -= 100
        elif fault and str(fault).startswith("break at "):
            rest = rest[: int(str(fault).removeprefix("break at "))]
        whole = length <= len(rest)
        about = {"Content-Length": str(length)}
        if not self.server.lengths:
            about, rest = {"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n" % (length, rest)
            rest = rest + b"0\r\n\r\n" if whole else rest[:-2]
        self._answer(status, headers | about, rest)
        self.close_connection = self.close_connection or not whole

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        path = self.path.lstrip("/")
        with contextlib.suppress(OSError):
            for at in range(0, len(body), 1 << 14):
                block = body[at : at + (1 << 14)]
                self.wfile.write(block)
                self.server.sent[path] += len(block)
                time.sleep(self.server.pause_s)


@contextlib.contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def archive(files, *, links=()):
    """Return the bytes of a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
        for name, target in links:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, target)
    return buffer.getvalue()

"""How soon a page of the built book is seen and used on a slow line, against a plain page.

``python benchmarks/page.py [SITE]`` serves a built book (default ``_build/html``, which ``make
site`` makes) as web hosts do, compressed, to a Chromium held down to 1.6 Mbit/s, 150 ms and a
quarter of its processor. It measures the first paint of the first page, and when the table of all
numbers can be sorted; the peer is the same text without any style, script or picture. It writes
``benchmarks/page.json``. Ratios can be compared between machines, seconds cannot.
"""

from __future__ import annotations

import gzip
import http.server
import re
import statistics
import sys
import threading
from pathlib import Path

from measuring import machine, store
from playwright.sync_api import Browser, sync_playwright

from semg_lib.publishing import build, pdf

LINE = {"offline": False, "latency": 150, "downloadThroughput": 2e5, "uploadThroughput": 1e5}
PROCESSOR = 4  # times slower
REPEATS = 5
PAGES = {"first paint of the first page": "index", "sorting": "book/executed/comparison"}
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_SORTS = "document.querySelector('table.sortable th button') && performance.now()"
_HEAD = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>plain</title><body>'


def plain(text: str) -> str:
    """Return a page's article with neither style, script nor picture."""
    article = text[text.index("<article") : text.index("</article>")]
    article = re.sub(r"(?s)<(script|style|svg|noscript)\b.*?</\1>", "", article)
    return _HEAD + re.sub(r"<img\b[^>]*>", "", article) + "</body></html>"


def handler(site: Path) -> type[http.server.BaseHTTPRequestHandler]:
    """Return what serves a folder compressed, and of every page a plain one under ``plain/``."""

    class Compressed(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            name = self.path.partition("?")[0].lstrip("/")
            path = site / name.removeprefix("plain/")
            if not path.is_file():
                self.send_error(404)
                return
            content = path.read_bytes()
            if name.startswith("plain/"):
                content = plain(content.decode()).encode()
            kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
            kind = kinds.get(path.suffix, "application/octet-stream")
            if path.suffix in kinds:
                content = gzip.compress(content)
            self.send_response(200)
            if path.suffix in kinds:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Compressed


def seconds(browser: Browser, address: str, said: str) -> float:
    """Return when a page, with nothing in the cache, first answers a question about itself."""
    page = browser.new_context().new_page()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": PROCESSOR})
    page.goto(address, wait_until="commit")
    # What is polled every frame is no later than it is asked for.
    found = page.wait_for_function(said, timeout=60_000).json_value()
    page.context.close()
    return float(found) / 1000


def main() -> None:
    """Measure and show the ratios."""
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else build.HTML["site"]
    table: dict[str, object] = {"machine": machine(), "line": "1.6 Mbit/s, 150 ms, processor / 4"}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(site.resolve()))
    server.handle_error = lambda *_: None  # what a page that is left had still asked for
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=pdf.chromium(), args=["--no-sandbox"])
        for (what, name), said in zip(PAGES.items(), (_PAINTED, _SORTS), strict=True):
            root = f"http://127.0.0.1:{server.server_port}/"
            found: dict[str, list[float]] = {"plain page": [], "book": []}
            for _ in range(REPEATS):
                found["plain page"].append(seconds(browser, f"{root}plain/{name}.html", _PAINTED))
                found["book"].append(seconds(browser, f"{root}{name}.html", said))
            median = {each: round(statistics.median(times), 2) for each, times in found.items()}
            table[f"{what}, s"] = median
            table[f"{what}, times the plain page"] = round(median["book"] / median["plain page"], 2)
        browser.close()
    server.shutdown()
    store(table, Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    main()

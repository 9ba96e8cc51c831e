"""The published book in a browser: nothing from the network, nothing broken, every picture told."""

import functools
import http.server
import shutil
import threading

import pytest

from semg_lib import book, results
from semg_lib.papers import PAPERS
from semg_lib.recording import DataError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = (
    *("index", "reading", "running", "bibliography", "executed/data"),
    *(f"papers/{name}" for name in PAPERS),
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    page = book.build()
    handler = functools.partial(Quiet, directory=str(page.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/book/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.mark.parametrize("name", [*PAGES, *(f"executed/{name}" for name in PAPERS)])
def test_a_page_needs_no_network_and_is_whole(address, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong = []
    page.on(
        "request",
        lambda r: "127.0.0.1" in r.url or r.url.startswith("data:") or wrong.append(r.url),
    )
    page.on("response", lambda r: r.status < 400 or wrong.append(f"{r.status} {r.url}"))
    page.goto(f"{address}{name}.html", wait_until="networkidle")
    assert wrong == []
    assert page.locator("h1").count() >= 1
    assert page.evaluate("[...document.images].filter(i => !i.alt || !i.naturalWidth).length") == 0
    assert "{{" not in page.inner_text("article")
    page.close()


def test_formulas_are_set_and_tables_filled(address, browser):
    page = browser.new_page()
    page.goto(f"{address}papers/atzori2016.html", wait_until="networkidle")
    assert page.locator("mjx-container").count() >= 3
    text = page.inner_text("article")
    assert "Random Forests" in text
    assert "supported" in text
    page.close()


def test_a_phone_has_no_sideways_scroll(address, browser):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    for name in PAGES:
        page.goto(f"{address}{name}.html", wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
    page.close()


def test_serving_without_a_book_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(book, "HTML", {"site": tmp_path})
    with pytest.raises(DataError, match="run make book or make site first"):
        book.serve(0)
    assert book.main(["serve"]) == 1
    assert "book: no book is built yet" in capsys.readouterr().err


def test_replicating_needs_recordings(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SEMG_DATA", raising=False)
    assert book.main(["replicate"]) == 1
    assert "set SEMG_DATA" in capsys.readouterr().err
    with pytest.raises(DataError, match="no file of DB1, exercise A"):
        list(book.plan("atzori2016", str(tmp_path)))


@pytest.mark.parametrize("paper", PAPERS)
def test_the_plan_is_what_the_stored_records_are(paper, root):
    planned = dict(book.plan(paper, str(root)))
    assert list(planned)[-1].endswith("full-recommended-seed0")
    stored = {path.stem for path in (book.ROOT / "results" / paper).glob("*.json")}
    assert {name for name, run in planned.items() if run.study != "optimiser"} <= stored
    for name, run in planned.items():
        if not run.root:  # which real subjects there are depends on the folder
            record = results.load(book.ROOT / "results" / paper / f"{name}.json")
            assert (record.subjects, record.seed, record.study) == (
                run.subjects,
                run.seed,
                run.study,
            )
            assert record.exercises == run.exercises


def test_replicating_goes_on_where_it_was_cut_off(tmp_path):
    stored, record = tmp_path / "stored.json", tmp_path / "run" / "record.json"
    book._seed(record, stored)
    assert not record.exists()
    stored.write_text("stored")
    book._seed(record, stored)
    assert record.read_text() == "stored"
    record.write_text("further")
    book._seed(record, stored)
    assert record.read_text() == "further"

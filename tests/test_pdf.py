import os
import shutil

import pytest
from pypdf import PdfReader

from semg_lib.errors import DataError
from semg_lib.publishing import pdf

PAGE = """<!doctype html><title>{0}</title><h1>{0}#</h1><a href="b.html">the other</a>
<a href="https://example.org/">elsewhere</a><details><summary>Hint</summary>hint of {0}</details>"""


def test_the_contents_are_those_of_the_book_in_order():
    names = list(pdf.contents())
    assert names[0] == "index"
    assert names.index("book/papers/atzori2016") + 1 == names.index("book/executed/atzori2016")
    assert names[-1] == "genindex"


def test_every_page_is_printed_with_its_hints_and_no_path_of_this_machine(tmp_path, monkeypatch):
    if not pdf.chromium():
        (pytest.fail if os.environ.get("SEMG_BROWSER") else pytest.skip)("there is no Chromium")
    html = tmp_path / "html"
    html.mkdir()
    for name in "ab":
        (html / f"{name}.html").write_text(PAGE.format(f"Page {name}"))
    monkeypatch.setattr(pdf, "contents", lambda: ["a", "b"])
    read = PdfReader(pdf.pdf(html))
    assert [each.title for each in read.outline] == ["Page a", "Page b"]
    assert [f"hint of Page {name}" in read.pages[i].extract_text() for i, name in enumerate("ab")]
    links = [str(a.get_object()) for page in read.pages for a in page.get("/Annots", [])]
    assert any("example.org" in link for link in links)
    assert not any("file:" in link for link in links)


def test_a_missing_browser_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DataError, match="no chromium to print with; apt-get install chromium"):
        pdf.pdf(tmp_path)

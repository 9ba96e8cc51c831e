"""The published book as one PDF, printed by a browser page by page in order of the contents."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

from semg_lib.errors import DataError

ROOT = Path(__file__).parent.parent.parent
NAME = "DL-for-sEMG.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FOOTER = '<div style="width: 100%; text-align: center; font-size: 8px">{}</div>'
# Links to other pages would lead to files of this machine.
_READY = """async () => {
    for (const a of document.querySelectorAll("a[href]")) {
        if (a.href.startsWith("file:")) a.removeAttribute("href");
    }
    for (const hint of document.querySelectorAll("details:not(.hide)")) hint.open = true;
    for (const frame of document.querySelectorAll(".table-frame")) frame.style.maxHeight = "none";
    for (const image of document.images) image.loading = "eager";
    await Promise.all([...document.images].map(image => image.decode()));
}"""


def contents() -> list[str]:
    """Return the pages of the book in the order of its table of contents, without suffix."""
    return list(parse_toc_yaml(ROOT / "_toc.yml"))


def chromium() -> str | None:
    """Return where a browser to print or test with is, None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pdf(html: Path) -> Path:
    """Print a built book; return the file, which lies beside its folder.

    Parameters
    ----------
    html : Path
        Folder of the built pages.

    Raises
    ------
    DataError
        If there is no Chromium, or not what drives it.
    """
    found = chromium()
    if not found:
        raise DataError("there is no chromium to print with; apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
        from pypdf import PdfWriter
    except ImportError as error:
        raise DataError(f"{error}; pip install -r requirements.txt") from None
    whole = PdfWriter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(color_scheme="light")
        for name in contents():
            page.goto((html / f"{name}.html").as_uri(), wait_until="networkidle")
            title = page.locator("h1").first.inner_text().rstrip("#")
            page.evaluate(_READY)
            printed = page.pdf(
                format="A4",
                margin={"top": "18mm", "right": "18mm", "bottom": "18mm", "left": "18mm"},
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=_FOOTER.format(title),
            )
            whole.append(io.BytesIO(printed), outline_item=title)
        browser.close()
    made = html.parent / NAME
    whole.write(made)
    return made

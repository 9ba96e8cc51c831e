"""Sphinx extension: tables and figures that notebooks leave get captions and numbers.

Captions are in ``book/captions.yml``, by notebook and cell, and those of a paper's notebook beside
its chapter, by cell. Tables of pandas also get a name above
every column.
"""

from functools import cache
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from docutils import nodes

from semg_lib.publishing import executed, tables
from semg_lib.running import notebooks

PAGES = "book/executed/"
SIMULATED = " Simulated recordings."


class TableOutput(nodes.figure):
    """A table that a cell left; it is counted among the tables."""


@cache
def known() -> dict[str, dict[str, str]]:
    """Return all captions, by notebook and cell."""
    shared, *papers = _files()
    own = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in papers}
    return yaml.safe_load(shared.read_text(encoding="utf-8")) | own


def _files() -> list[Path]:
    book = Path(__file__).parent.parent
    return [book / "captions.yml", *sorted(book.glob("papers/*.yml"))]


def caption(name: str, cell: notebooks.NotebookNode, simulated: bool) -> tuple[str, str]:
    """Return a cell's caption, and the name of a first column that has none."""
    told, _, first = known().get(name, {}).get(cell.id, "").partition(" | ")
    # What is stored says itself what it is of.
    live = simulated and executed.TAG not in notebooks.tags(cell) and cell.id != "settings"
    return (told + SIMULATED if told and live and "imulated" not in told else told), first


def headed(text: str, first: str = "") -> tuple[str, str]:
    """Return HTML of pandas with names in one row of headings, and the caption it had."""
    soup, own = BeautifulSoup(text, "html.parser"), ""
    for table in soup.find_all("table"):
        if table.caption:
            own = table.caption.extract().get_text()
        rows = [row.find_all("th") for row in table.thead.find_all("tr")]
        names = [each.get_text(strip=True) for each in rows[-1]]
        # The names of the index stand below those of the columns.
        if len(rows) == 2 and len(rows[0]) == len(names) and not names[-1]:
            for heading, name in zip(rows[0], names, strict=True):
                heading.string = name or heading.get_text(strip=True)
            rows[-1][0].parent.decompose()
        if first and not rows[0][0].get_text(strip=True):
            rows[0][0].string = first
        for heading in (table.tbody or table).find_all("th"):
            if len(heading.get_text(strip=True)) > 24:  # a sentence, such as a claim
                heading["class"] = [*heading.get("class", []), "sentence"]
        _to_the_right(table)
    return str(soup), own


def _to_the_right(table) -> None:
    """Mark columns of numbers, so that their digits stand in line."""
    *_, top = table.thead.find_all("tr")
    rows = [row.find_all("td") for row in (table.tbody or table).find_all("tr")]
    for number, column in enumerate(zip(*filter(None, rows), strict=False)):
        texts = [text for cell in column if (text := cell.get_text(strip=True))]
        if texts and all(map(tables.NUMBER.fullmatch, texts)):
            place = len(column[0].parent.find_all("th")) + number
            for cell in (*column, *top.find_all("th")[place : place + 1]):
                cell["class"] = [*cell.get("class", []), "text-right"]


def _caption(app, doctree) -> None:
    docname = app.env.docname
    if not docname.startswith(PAGES):
        return
    name = docname.removeprefix(PAGES)
    cells = notebooks.read(Path(app.srcdir, f"{docname}.ipynb")).cells
    simulated = any(
        "run on" in each.source and "**simulated**" in each.source for each in cells[:2]
    )
    for path in _files():
        app.env.note_dependency(str(path))
    for node in list(doctree.findall(nodes.container)):
        if node.get("nb_element") == "cell_code":
            _number(node, cells[node["cell_index"]], name, simulated)
    for table in doctree.findall(nodes.table):
        if told := known().get(name, {}).get("text"):
            table["ids"].append(f"{name}-text")
            table.insert(0, nodes.title("", told))


def _number(node: nodes.container, cell, name: str, simulated: bool) -> None:
    told, first = caption(name, cell, simulated)
    bundles = [n for n in node.findall(nodes.container) if n.get("nb_element") == "mime_bundle"]
    for number, bundle in enumerate(bundles):
        raw = [each for each in bundle.findall(nodes.raw) if "<table" in each.astext()]
        for each in raw:
            text, own = headed(each.astext(), first)
            each.clear()
            each += nodes.Text(text)
            told = told or own
        if told and (raw or any(bundle.findall(nodes.image))):
            kind = TableOutput if raw else nodes.figure
            wrapped = kind("", classes=["nb-table" if raw else "nb-figure"])
            wrapped["ids"] = [f"{name}-{cell.id}" + (f"-{number + 1}" if number else "")]
            bundle.replace_self(wrapped)
            wrapped += [bundle, nodes.caption("", told)]


def setup(app) -> dict:
    visitors = (
        lambda self, node: self.visit_figure(node),
        lambda self, node: self.depart_figure(node),
    )
    app.add_enumerable_node(TableOutput, "table", html=visitors)
    app.connect("doctree-read", _caption)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

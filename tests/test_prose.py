"""No page says what results/ does not: change a record, and these tests name the page."""

import functools
import re
import shutil
from pathlib import Path

import pytest

from semg_lib.evaluation import records
from semg_lib.evaluation.records import RESULTS, load_record, to_json
from semg_lib.papers import PAPERS
from semg_lib.publishing import chapters
from semg_lib.running import notebooks

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "index.md",
    *sorted(ROOT.glob("book/*.md")),
    *sorted(ROOT.glob("book/papers/*.md")),
    *sorted(ROOT.glob("notebooks/*.ipynb")),
]
# What is typed and no result: page, number, why it stands.
NO_RESULTS = {
    ("ding2018.md", "3 %"),  # a test's tolerance
    ("zhai2017.md", "95 %"),  # intervals
    ("atzori2016.md", "70.48 %"),  # of another paper
    # Of other works, each with its task beside it.
    *(("field.md", f"{each} %") for each in (65.1, 96.7, "87.0", 82.2, 85.94, 81.29, 73.36)),
    *(("field.md", f"{each} %") for each in (49.6, 93.7)),
    ("reading.md", "95 %"),
    ("protocols.ipynb", "95 %"),
    ("quirks.ipynb", "5 %"),  # a test's level
}
_NUMBER = re.compile(r"[+−-]?\d+(?:\.\d+)? ?(?:%|points)")


def prose(path):
    if path.suffix == ".ipynb":
        cells = notebooks.read(path).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = re.sub(r"\{\{.*?\}\}", "", path.read_text())
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)


@functools.cache
def known(results):
    """Every number that the records and the papers' tables give, as prose would write it."""
    assert results == records.RESULTS
    said = " ".join(chapters.readme_rows())
    for module in PAPERS.values():
        for each in module.REPORTED:
            said += f" {each.text} % {each.mean} % +{each.text} points"
    return set(_NUMBER.findall(said))


def contradicted(pages=PAGES):
    """Return a line for each number in prose that no record gives."""
    numbers = known(records.RESULTS)
    return [
        f"{path.name}: {number} is no result of results/"
        for path in pages
        for number in _NUMBER.findall(prose(path))
        if number not in numbers and (path.name, number) not in NO_RESULTS
    ]


def test_every_number_in_prose_is_of_the_records():
    assert contradicted() == []


def test_what_is_let_through_still_stands():
    for name, number in NO_RESULTS:
        assert any(path.name == name and number in prose(path) for path in PAGES), (name, number)


def test_a_number_typed_into_prose_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("The CNN reaches 99.9 % of {{ atzori2016_cnn }}, `50 %` of it in code.")
    assert contradicted([page]) == ["page.md: 99.9 % is no result of results/"]


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """Records whose accuracies are a little other than the stored ones."""
    shutil.copytree(RESULTS, tmp_path / "results")
    for path in (tmp_path / "results").glob("*/*.json"):
        record = load_record(path)
        for score in record.scores:
            score.accuracy *= 0.97
            if hasattr(score, "sessions"):
                score.sessions = [0.97 * each for each in score.sessions]
        path.write_text(to_json(record))
    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")


def test_a_changed_record_is_told_by_the_page_that_contradicts_it(changed):
    assert any(line.startswith("README.md: ") for line in contradicted())

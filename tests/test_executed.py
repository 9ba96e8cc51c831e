"""What executed copies show of the records is made from results/ when the book is built."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from semg_lib.errors import RunError
from semg_lib.evaluation import records
from semg_lib.evaluation.records import RESULTS, load_record, to_json
from semg_lib.publishing import executed
from semg_lib.running import notebooks

ROOT = Path(__file__).parent.parent
COPIES = sorted(ROOT.glob("book/executed/*.ipynb"))


@pytest.fixture
def lower(tmp_path, monkeypatch):
    """Records whose accuracies are a little lower than the stored ones."""
    results = tmp_path / "results"
    shutil.copytree(RESULTS / "atzori2016", results / "atzori2016")
    for path in results.rglob("*.json"):
        record = load_record(path)
        for score in record.scores:
            score.accuracy *= 0.97
        path.write_text(to_json(record))
    monkeypatch.setattr(records, "RESULTS", results)
    return results


def small(*sources, **kept):
    """A copy with an imports cell and tagged cells."""
    cells = [new_code_cell("from pathlib import Path", id="imports")]
    for number, source in enumerate(sources, 1):
        cells.append(new_code_cell(source, id=f"cell-{number}", metadata={"tags": [executed.TAG]}))
    return new_notebook(cells=cells, **kept)


def texts(notebook):
    return {
        cell.id: [out.get("data", {}).get("text/html", out.get("text")) for out in cell.outputs]
        for cell in executed.tagged(notebook)
    }


@pytest.mark.parametrize("path", COPIES, ids=lambda path: path.stem)
def test_stored_copies_hold_nothing_that_a_record_can_make_wrong(path):
    for cell in notebooks.read(path).cells:
        if "load_records(" in cell.source and cell.cell_type == "code":
            assert executed.TAG in notebooks.tags(cell), cell.id
    for cell in executed.tagged(notebooks.read(path)):
        assert cell.outputs == [], cell.id
        assert "mystnb" not in cell.metadata, cell.id


def test_papers_pages_show_records():
    shows = {path.stem for path in COPIES if executed.tagged(notebooks.read(path))}
    assert shows >= {"atzori2016", "zhai2017", "ding2018", "protocols", "comparison"}


def test_a_changed_record_changes_what_a_page_shows(lower):
    path = ROOT / "book" / "executed" / "atzori2016.ipynb"
    before, after = notebooks.read(path), notebooks.read(path)
    elsewhere = f"""
from pathlib import Path
from semg_lib.evaluation import records
records.RESULTS = Path({str(lower)!r})"""
    imports = next(cell for cell in after.cells if cell.id == "imports")
    imports.source += elsewhere
    shown, other = (texts(executed.fill(each, path.name)) for each in (before, after))
    assert shown.keys() == other.keys()
    for cell in ("stored", "claims"):
        assert "<table" in shown[cell][0]
        assert shown[cell] != other[cell]


def test_a_picture_arrives_with_its_text():
    picture = """
class Picture:
    def _repr_mimebundle_(self, **_):
        return {"image/png": "aaaa"}, {"image/png": {"alt": "what it shows"}}

Picture()"""
    [cell] = executed.tagged(executed.fill(small(picture), "page"))
    assert cell.outputs[0].data["image/png"].strip() == "aaaa"
    assert cell.metadata.mystnb.image.alt == "what it shows"


def test_a_failing_cell_names_its_page():
    page = small("1 + 1", "print('a'); 1 / 0")
    with pytest.raises(
        RunError, match=r"^book/x\.ipynb: cell cell-2 cannot show results/: ZeroDivisionError: div"
    ):
        executed.fill(page, "book/x.ipynb")
    with pytest.raises(RunError, match="cell cell-1 cannot show results/: its kernel died"):
        executed.fill(small("import os; os._exit(1)"), "page")


def test_pages_are_filled_again_only_when_something_changed(tmp_path, monkeypatch, lower):
    path, kept = tmp_path / "page.ipynb", tmp_path / "kept"
    path.write_text(notebooks.to_text(small("1 + 1")))
    runs = []
    fill = executed.fill
    monkeypatch.setattr(executed, "fill", lambda *given: runs.append(given) or fill(*given))
    first = executed.shown(path, kept)
    assert executed.shown(path, kept) == first
    assert len(runs) == 1
    changed = next(lower.rglob("*.json"))
    changed.write_text(changed.read_text() + "\n")
    second = executed.shown(path, kept)
    assert len(runs) == 2
    assert list(kept.iterdir()) == [second] != [first]
    assert executed.tagged(notebooks.read(second))[0].outputs[0].data["text/plain"] == "2"
    monkeypatch.setattr(executed, "version", lambda name: f"another {name}")
    executed.shown(path, kept)
    assert len(runs) == 3


def test_no_cell_that_ran_shows_warnings():
    page = small("1 + 1")
    page.cells[0].source += "\nimport warnings\nwarnings.warn('old')"
    filled = executed.fill(page, "page")
    assert filled.cells[0].outputs == []


def test_a_copy_that_was_just_run_is_shown_as_it_is(tmp_path):
    path = tmp_path / "page.ipynb"
    notebook = small("1 / 0")
    executed.tagged(notebook)[0].outputs = [nbformat.v4.new_output("stream", text="just run\n")]
    path.write_text(notebooks.to_text(notebook))
    assert executed.shown(path, tmp_path / "kept") == path
    assert executed.tagged(executed.strip(notebook))[0].outputs == []

"""Making the book: its plan, its records, its server."""

import pytest

from semg_lib import book, results
from semg_lib.papers import PAPERS
from semg_lib.recording import DataError


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

"""Making the book: its plan, its records, its server."""

import pytest

from semg_lib.errors import DataError
from semg_lib.evaluation.records import load_record
from semg_lib.papers import PAPERS
from semg_lib.publishing import build


def test_serving_without_a_book_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "HTML", {"site": tmp_path})
    with pytest.raises(DataError, match="run make book or make site first"):
        build.serve(0)
    assert build.main(["serve"]) == 1
    assert "book: no book is built yet" in capsys.readouterr().err


def test_replicating_needs_recordings(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SEMG_DATA", raising=False)
    assert build.main(["replicate"]) == 1
    assert "set SEMG_DATA" in capsys.readouterr().err
    with pytest.raises(DataError, match="no file of DB1, exercise A"):
        list(build.plan("atzori2016", str(tmp_path)))


@pytest.mark.parametrize("paper", PAPERS)
def test_the_plan_is_what_the_stored_records_are(paper, root):
    planned = dict(build.plan(paper, str(root)))
    assert list(planned)[-1].endswith("full-recommended-seed0")
    stored = {path.stem for path in (build.ROOT / "results" / paper).glob("*.json")}
    assert {name for name, run in planned.items() if run.study != "optimiser"} <= stored
    for name, run in planned.items():
        if not run.root:  # which real subjects there are depends on the folder
            record = load_record(build.ROOT / "results" / paper / f"{name}.json")
            assert (record.subjects, record.seed, record.study) == (
                run.subjects,
                run.seed,
                run.study,
            )
            assert record.exercises == run.exercises


def test_replicating_goes_on_where_it_was_cut_off(tmp_path):
    stored, record = tmp_path / "stored.json", tmp_path / "run" / "record.json"
    build._seed(record, stored)
    assert not record.exists()
    stored.write_text("stored")
    build._seed(record, stored)
    assert record.read_text() == "stored"
    record.write_text("further")
    build._seed(record, stored)
    assert record.read_text() == "further"

"""Making the book: its records, its server."""

import shutil

import pytest

from semg_lib.errors import DataError
from semg_lib.evaluation.records import RESULTS
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
    assert build.main(["replicate", "--paper", "atzori2016", "--root", str(tmp_path)]) == 1
    assert "no file of DB1, exercise A" in capsys.readouterr().err
    assert build.main(["replicate", "--paper", "atzori"]) == 1
    assert "unknown paper 'atzori': choose from atzori2016" in capsys.readouterr().err


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


def test_what_is_no_paper_leaves_its_records_where_there_were_none(tmp_path, monkeypatch):
    stored = {}
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "_store", lambda run, name, about: stored.update({name: about}))
    monkeypatch.setattr(build, "available", lambda *_: [1, 2])

    def run(source, executed, parameters):
        folder = tmp_path / "runs" / source.stem
        assert parameters.get("out", str(folder)) == str(folder)
        for own, kept in build._RECORDED.get(source.stem, {}).items():
            (folder / own).parent.mkdir(parents=True, exist_ok=True)
            if (RESULTS / kept).exists():
                shutil.copy(RESULTS / kept, folder / own)

    monkeypatch.setattr(build.notebooks, "run", run)
    build.beside("somewhere", tmp_path / "runs")
    for name in build._RECORDED:
        assert any((RESULTS / kept).exists() for kept in build._RECORDED[name].values())
        for kept in build._RECORDED[name].values():
            if not (RESULTS / kept).exists():
                assert not (tmp_path / "results" / kept).exists()  # a new paper has none yet
                continue
            assert (tmp_path / "results" / kept).read_bytes() == (RESULTS / kept).read_bytes()
    assert stored.keys() == {"data", "quirks", *build._RECORDED}
    assert stored["data"].startswith("DB1, exercise A, 2 subjects")
    assert stored["comparison"].startswith("**simulated** DB2")

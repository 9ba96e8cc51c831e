"""Making the book: its records, its server."""

import pytest

from semg_lib.errors import DataError
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

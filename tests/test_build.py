"""Making the book: its records, its server."""

from pathlib import Path

import pytest

from semg_lib.errors import DataError
from semg_lib.evaluation.records import RESULTS, load_record
from semg_lib.evaluation.writing import write_atomically
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


LEFT = {
    "protocols": ("protocols/record", "sessions/multiday", "sessions/3dc"),
    "comparison": ("comparison/atzori2016-seed0", "comparison/classical-seed0"),
    "streaming": ("streaming/atzori2016-seed1", "streaming/geng2016-seed0"),
}


def test_what_is_no_paper_goes_on_with_what_is_stored_and_leaves_it(tmp_path, monkeypatch):
    stored, results, given = {}, tmp_path / "results", {}
    monkeypatch.setattr(build, "RESULTS", results)
    monkeypatch.setattr(build, "_store", lambda run, name, about: stored.update({name: about}))
    monkeypatch.setattr(build, "available", lambda *_: [1, 2])
    paths = [f"{path}.json" for left in LEFT.values() for path in left]
    for path in paths:
        write_atomically(results / path, (RESULTS / path).read_bytes())

    def run(source, executed, parameters):
        folder = Path(parameters["out"])
        given[source.stem] = {p.relative_to(folder) for p in folder.rglob("*.json")}
        if source.stem in ("data", "quirks"):
            write_atomically(folder / "numbers.json", f'{{"{source.stem} of two": {{"rest": 50}}}}')
        for path in folder.rglob("record.json"):
            text = path.read_text(encoding="utf-8")
            write_atomically(path, text.replace('"seed": ', '"seed": 7', 1))

    monkeypatch.setattr(build.notebooks, "run", run)
    build.beside("somewhere", tmp_path / "runs")
    assert given["protocols"] == {Path(each, "record.json") for each in ("", "multiday", "3dc")}
    for path in paths:
        before, after = (load_record(of / path).seed for of in (RESULTS, results))
        assert after == int(f"7{before}"), path
    assert sorted(each.relative_to(results).as_posix() for each in results.rglob("*.json")) == (
        sorted([*paths, "data/quick/numbers.json", "quirks/quick/numbers.json"])
    )
    assert stored.keys() == {"data", "quirks", *LEFT}
    assert stored["data"].startswith("DB1, exercise A, 2 subjects")
    assert stored["protocols"].startswith("DB1, exercises A, 18 subjects")
    assert stored["comparison"].startswith("**simulated** DB2")

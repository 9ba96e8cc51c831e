"""Every paper has a chapter's module: its runs, what is shown of them, its row in the README."""

import shutil
from pathlib import Path

import pytest

from semg_lib.evaluation.records import load_record, load_records
from semg_lib.papers import PAPERS, atzori2016
from semg_lib.publishing import chapters
from semg_lib.publishing.chapters import CHAPTERS, common

ROOT = Path(__file__).parent.parent


def test_the_room_knows_the_same_papers():
    modules = {path.stem for path in Path(chapters.__file__).parent.glob("*.py")}
    assert modules - {"__init__", "__main__", "common"} == set(PAPERS) == set(CHAPTERS)
    assert all(name == chapter.NAME for name, chapter in CHAPTERS.items())


def test_the_readmes_rows_are_written_anew(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text()
    rows = "".join(f"{row}\n" for row in chapters.readme_rows())
    assert text.count(rows) == 1
    shutil.copytree(ROOT / "book" / "papers", tmp_path / "book" / "papers")
    (tmp_path / "README.md").write_text(text.replace(rows, "| an old row |\n| another |\n"))
    monkeypatch.setattr(chapters, "PACKAGE", tmp_path / "semg_lib")
    chapters.write_readme()
    assert (tmp_path / "README.md").read_text() == text


def test_a_reference_is_its_papers_authors_and_year():
    assert (
        chapters.reference("ding2018") == "[Ding et al. 2018](https://doi.org/10.3390/su10061865)"
    )
    with_another = chapters.reference("zhai2017")  # its file has a second entry
    assert with_another == "[Zhai et al. 2017](https://doi.org/10.3389/fnins.2017.00379)"


@pytest.mark.parametrize("paper", PAPERS)
def test_the_plan_is_what_the_stored_records_are(paper, root):
    planned = dict(CHAPTERS[paper].plan(str(root)))
    assert list(planned)[-1].endswith("full-recommended-seed0")
    stored = {path.stem for path in (ROOT / "results" / paper).glob("*.json")}
    assert {name for name, run in planned.items() if run.study != "optimiser"} <= stored
    for name, run in planned.items():
        if not run.root:  # which real subjects there are depends on the folder
            record = load_record(ROOT / "results" / paper / f"{name}.json")
            assert (record.subjects, record.seed, record.study) == (
                run.subjects,
                run.seed,
                run.study,
            )
            assert record.exercises == run.exercises


def test_a_comparison_takes_what_there_is_of_the_papers_database(root, tmp_path):
    name, run = common.comparison("atzori2016", str(root))
    assert name == "db1-A-full-recommended-seed0"
    assert run.root == str(root)
    _, simulated = common.comparison("atzori2016", str(tmp_path))
    assert (simulated.root, simulated.subjects) == ("", [1, 2, 3])


def test_simulated_comparisons_say_so():
    records = load_records("atzori2016", recipe="recommended", database="db1", seed=0)
    shown = common.compared(atzori2016, records)
    assert shown.numbers["kind"] == "real"
    assert "real DB1" in shown.texts["card"]
    simulated = [record.model_copy(update={"simulated": True}) for record in records]
    shown = common.compared(atzori2016, simulated)
    assert shown.numbers["kind"] == "simulated"
    assert "real" not in shown.texts["card"]

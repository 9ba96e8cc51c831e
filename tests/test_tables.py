import pandas as pd
import pytest

from semg_lib.evaluation.records import load_records
from semg_lib.papers import atzori2016
from semg_lib.publishing import tables
from semg_lib.studies import grid
from tests.markdown import rows


@pytest.fixture
def record():
    records = load_records("atzori2016", recipe="recommended", database="db1", seed=0)
    return next(record for record in records if "cnn" in record.confusion)


def test_a_number_follows_its_record(record):
    better = record.model_copy(deep=True)
    for score in better.scores:
        score.accuracy = 0.5
    assert "50.0 ± 0.0" not in tables.methods(atzori2016, [record], "db1")
    assert "50.0 ± 0.0" in tables.methods(atzori2016, [better], "db1")


def test_simulated_runs_say_so_in_every_table(record):
    simulated = record.model_copy(update={"simulated": True})
    assert "simulated" in tables.methods(atzori2016, [simulated], "db1").splitlines()[0]
    assert "simulated DB1" in tables.runs([simulated])
    assert "simulated" not in tables.methods(atzori2016, [record], "db1")


def test_a_run_of_other_code_is_marked(record):
    old = record.model_copy(update={"code": "0" * 12})
    assert [row[-1] for row in rows(tables.runs([old]))[2:]] == ["changed"]


def test_reported_numbers_without_ours_leave_cells_empty(record):
    table = tables.methods(atzori2016, [record], "db3", grid.TITLES)
    [svm] = [row for row in rows(table) if row[0] == "SVM, all"]
    assert svm[-1] == "46.27 ± 7.89"
    assert "62.06" not in table
    few = record.model_copy(update={"scores": [s for s in record.scores if s.method == "cnn"]})
    table = tables.methods(atzori2016, [few], "db3", grid.TITLES)
    [svm] = [row for row in rows(table) if row[0] == "SVM, all"]
    assert svm[1:-1] == ["", "", "", ""]


def test_an_interval_of_two_subjects_stays_empty(record):
    two = record.model_copy(update={"scores": [s for s in record.scores if s.subject < 3]})
    table = rows(tables.methods(atzori2016, [two], "db1"))
    assert {row[2] for row in table[2:]} == {""}


def test_a_table_is_markdown():
    text = tables.markdown(pd.DataFrame({"a": [1], "b": ["0.50"]}))
    assert rows(text)[0] == ["a", "b"]
    assert [mark.replace("-", "") for mark in rows(text)[1]] == [":", ":"]
    assert rows(text)[2] == ["1", "0.50"]


def test_what_is_typical_stands_beside_the_mean_once_it_is_estimated():
    verdicts = pd.DataFrame(
        {"difference": [8.2], "low": [-1.0], "high": [26.0], "p": [0.00001]}, index=["a claim"]
    ).assign(verdict="undecided")
    assert rows(tables.judged(verdicts))[2] == [
        "**undecided**", "a claim", "+8.2", "-1.0 to +26.0", "< 0.0001"
    ]  # fmt: skip
    header, _, row = rows(tables.judged(verdicts.assign(estimate=-1.0)))
    assert row[header.index("typical difference (Hodges-Lehmann), points")] == "-1.0"

import pytest

from semg_lib.evaluation.records import load_records
from semg_lib.papers import atzori2016
from semg_lib.publishing import tables


@pytest.fixture
def record():
    return load_records("atzori2016", recipe="recommended", seed=0)[0]


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
    assert "| changed |" in tables.runs([old])


def test_reported_numbers_without_ours_leave_cells_empty(record):
    table = tables.methods(atzori2016, [record], "db3")
    assert "| SVM |" in table
    assert "46.27 ± 7.89" in table
    assert "62.06" not in table


def test_a_table_is_markdown():
    assert tables.table(["a", "b"], [[1, "x"]]) == "| a | b |\n| :-- | :-: |\n| 1 | x |\n"

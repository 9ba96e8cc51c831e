"""What a reader's run should show: stored numbers beside it, and when it is ok."""

import pytest

from semg_lib.evaluation.records import Record, load_records
from semg_lib.evaluation.scores import Score
from semg_lib.publishing import expected


@pytest.fixture
def stored(tmp_path):
    """Return a folder with three seeds of a quick run: 80, 82 and 84 %, 70 % for LDA."""
    first = load_records("atzori2016", recipe="recommended", database="db1")[0]
    for seed, accuracy in enumerate((0.80, 0.82, 0.84)):
        own = record(first, {"cnn": accuracy, "lda": 0.70}, seed=seed)
        own.save(tmp_path / "atzori2016" / expected.QUICK / f"seed{seed}.json")
    return tmp_path, first


def record(like, accuracies, *, subjects=(1, 2), **changes) -> Record:
    some = like.scores[0].model_dump()
    scores = [
        Score(**some | {"subject": subject, "method": method, "accuracy": value})
        for subject in subjects
        for method, value in accuracies.items()
    ]
    new = {"subjects": list(subjects), "scores": scores, "data": {}, "simulated": True}
    return like.model_copy(update=new | {"preset": "quick"} | changes)


def rows(found):
    return {name: row.tolist() for name, row in found.iterrows()}


def test_a_run_is_ok_within_three_deviations_of_the_seeds_and_two_points(stored):
    folder, like = stored
    found = rows(expected.table([record(like, {"cnn": 0.877, "lda": 0.681})], folder=folder))
    assert found == {
        "CNN": ["ok", "87.7", "82.0", "6.0"],
        "LDA": ["ok", "68.1", "70.0", "2.0"],
    }
    found = rows(expected.table([record(like, {"cnn": 0.89, "lda": 0.679})], folder=folder))
    assert [row[0] for row in found.values()] == ["differs", "differs"]


def test_of_several_seeds_the_mean_counts(stored):
    folder, like = stored
    mine = [record(like, {"cnn": each}, seed=seed) for seed, each in enumerate((0.80, 0.83))]
    assert rows(expected.table(mine, folder=folder)) == {"CNN": ["ok", "81.5", "82.0", "6.0"]}


def test_some_of_the_subjects_are_compared_with_the_same_ones(stored):
    folder, like = stored
    found = rows(expected.table([record(like, {"cnn": 0.82}, subjects=[2])], folder=folder))
    assert found == {"CNN": ["ok", "82.0", "82.0", "6.0"]}


@pytest.mark.parametrize(
    "changes", [{"subjects": [1, 3]}, {"preset": "full"}, {"settings": {"step_ms": 7}}]
)
def test_another_run_has_nothing_to_be_compared_with(stored, changes):
    folder, like = stored
    subjects = changes.pop("subjects", (1, 2))
    other = record(like, {"cnn": 0.5}, subjects=subjects, **changes)
    assert rows(expected.table([other], folder=folder)) == {"CNN": ["", "50.0", "", ""]}


def test_numbers_without_a_record_are_kept_by_what_they_are_of(tmp_path):
    def found(value, what, out=""):
        return rows(expected.numbers("data", {"rest": value}, what, out=out, folder=tmp_path))

    assert found(50.0, "simulated", out=tmp_path / "run") == {"rest": ["", "50.0", "", ""]}
    expected.keep(tmp_path / "run", "data", tmp_path)
    found(40.0, "real", out=tmp_path / "run")
    expected.keep(tmp_path / "run", "data", tmp_path)
    assert found(50.4, "simulated") == {"rest": ["ok", "50.4", "50.0", "0.5"]}
    assert found(50.6, "simulated") == {"rest": ["differs", "50.6", "50.0", "0.5"]}
    assert found(40.0, "real") == {"rest": ["ok", "40.0", "40.0", "0.5"]}
    assert found(40.0, "other people") == {"rest": ["", "40.0", "", ""]}

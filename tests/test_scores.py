import numpy as np
import pandas as pd
import pytest

from semg_lib.evaluation import statistics
from semg_lib.evaluation.scores import confusion, score
from semg_lib.learning.outcomes import Outcome
from semg_lib.papers import atzori2016


def test_scores_of_a_hand_made_confusion():
    label = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 2, 5])
    made = score(Outcome(3, "lda", label, predicted))
    assert made.accuracy == 5 / 8
    assert made.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 1 / 2) / 3)
    assert (made.subject, made.method, made.classes, made.n_test) == (3, "lda", 3, 8)
    counts = confusion(label, predicted, np.array([0, 1, 2]))
    assert counts.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(150):
        low, high = statistics.interval(rng.normal(5, 2, 20))
        inside += low <= 5 <= high
    assert 0.85 <= inside / 150 <= 0.99


def test_interval_of_few_or_equal_values():
    assert np.isnan(statistics.interval(np.array([1.0, 2.0]))).all()
    assert statistics.interval(np.ones(5)) == (1, 1)


def test_holm_by_hand():
    np.testing.assert_allclose(statistics.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(statistics.holm([0.9, 0.8]), [1, 1])


def frame(cnn, lda=0.70, forest=0.76, n=12):
    rng = np.random.default_rng(0)
    ability = rng.normal(0, 0.05, n)
    level = {"cnn": cnn, "lda": lda, "random_forest": forest}
    columns = {k: v + ability + rng.normal(0, 0.01, n) for k, v in level.items()}
    return pd.DataFrame(columns, index=range(1, n + 1))


def test_paired_tests_see_what_is_planted():
    accuracy = frame(0.80)
    table = statistics.signed_rank(
        accuracy[["cnn"]].rename(columns={"cnn": "lda"}) - accuracy[["lda"]]
    )
    assert table.loc["lda", "difference"] == pytest.approx(0.1, abs=0.02)
    assert table.loc["lda", "low"] > 0
    assert table.loc["lda", "p"] < 0.01


@pytest.mark.parametrize(
    ("cnn", "verdicts"),
    [
        (0.745, ["supported", "supported"]),
        (0.80, ["supported", "not supported"]),
        (0.65, ["not supported", "supported"]),
        (0.76, ["supported", "undecided"]),
    ],
)
def test_claims_get_the_verdict_they_deserve(cnn, verdicts):
    table = statistics.judge(atzori2016.claims(frame(cnn)))
    assert table["verdict"].tolist() == verdicts
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()


def test_few_subjects_decide_nothing():
    assert set(statistics.judge(atzori2016.claims(frame(0.9, n=4)))["verdict"]) == {"undecided"}

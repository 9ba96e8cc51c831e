import numpy as np
import pandas as pd
import pytest
import scipy.stats

from semg_lib.evaluation import statistics
from semg_lib.papers import atzori2016


def test_ranks_are_means_over_subjects_and_ties_share():
    accuracy = pd.DataFrame({"a": [0.9, 0.8], "b": [0.5, 0.8], "c": [0.1, 0.2]})
    assert statistics.mean_ranks(accuracy).to_dict() == {"a": 1.25, "b": 1.75, "c": 3.0}
    accuracy.loc[0, "b"] = np.nan
    with pytest.raises(ValueError, match=r"no score of \['b'\] on some subject"):
        statistics.mean_ranks(accuracy)


@pytest.mark.parametrize(
    ("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)]
)  # Demšar 2006, table 5a
def test_the_critical_difference_is_demsars(methods, q):
    wanted = q * np.sqrt(methods * (methods + 1) / (6 * 14))
    assert statistics.critical_difference(methods, 14) == pytest.approx(wanted, rel=1e-3)


def test_friedman_is_scipys():
    accuracy = pd.DataFrame(np.random.default_rng(0).random((9, 4)), columns=list("abcd"))
    wanted = scipy.stats.friedmanchisquare(*(accuracy[name] for name in accuracy)).pvalue
    assert statistics.friedman(accuracy) == wanted


def test_groups_are_the_largest_that_cannot_be_told_apart():
    ranks = pd.Series({"c": 2.5, "a": 1.0, "b": 1.8, "d": 4.0})
    assert statistics.not_told_apart(ranks, 1.0) == [["a", "b"], ["b", "c"]]
    assert statistics.not_told_apart(ranks, 2.0) == [["a", "b", "c"], ["c", "d"]]
    assert statistics.not_told_apart(ranks, 9.0) == [["a", "b", "c", "d"]]
    assert statistics.not_told_apart(ranks, 0.1) == []


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
    table = statistics.judge(atzori2016.claims(frame(cnn), ["lda", "random_forest"]))
    assert table["verdict"].tolist() == verdicts
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()


def test_few_subjects_decide_nothing():
    claims = atzori2016.claims(frame(0.9, n=4), ["lda", "random_forest"])
    assert set(statistics.judge(claims)["verdict"]) == {"undecided"}


def test_one_subject_far_off_decides_nothing():
    """Eleven of twelve point down, the mean points up; p of the ranks is small."""
    judged = statistics.judge({"it helps": pd.Series([-0.01] * 11 + [1.00])}).loc["it helps"]
    assert judged["p"] < 0.05
    assert judged["difference"] > 0
    assert judged["estimate"] == pytest.approx(-1)
    assert judged["verdict"] == "undecided"


@pytest.mark.parametrize(
    ("difference", "estimate", "p", "verdict"),
    [
        (0.1, 0.1, 0.04, "supported"),
        (-0.1, -0.1, 0.04, "not supported"),
        (-0.1, 0.1, 0.04, "undecided"),
        (0.1, 0.0, 0.04, "undecided"),
        (0.1, 0.1, 0.06, "undecided"),
        (np.nan, np.nan, 1.0, "undecided"),
    ],
)
def test_mean_estimate_and_p_decide_together(difference, estimate, p, verdict):
    assert statistics.verdict(difference, estimate, p) == verdict


def test_the_estimate_is_what_leaves_the_test_nothing_to_find():
    values = np.random.default_rng(0).normal(3, 1, 15) ** 3
    centre = statistics.hodges_lehmann(values)
    assert scipy.stats.wilcoxon(values - centre).pvalue > 0.95
    assert statistics.hodges_lehmann(np.array([1.0, 2.0, 9.0])) == 3.5  # of 1 1.5 2 5 5.5 9


def test_the_best_of_equals_is_not_flattered_by_its_choice():
    """Methods that differ by noise alone: none of them is above their average."""
    rng = np.random.default_rng(0)
    flattered, fair = [], []
    for _ in range(200):
        accuracy = pd.DataFrame(rng.normal(0.7, 0.05, (10, 4)), columns=list("abcd"))
        average = accuracy.mean(axis=1)
        flattered.append((accuracy[accuracy.mean().idxmax()] - average).mean())
        fair.append((statistics.best_by_others(accuracy) - average).mean())
    error = np.std(fair) / np.sqrt(len(fair))
    assert np.mean(flattered) > 10 * error
    assert abs(np.mean(fair)) < 3 * error


def test_others_choose_the_best_method():
    accuracy = pd.DataFrame(
        {"a": [0.9, 0.5, 0.5], "b": [0.1, 0.6, 0.6]}, index=pd.Index([3, 5, 8], name="subject")
    )
    # Without subject 3 b is the better one, and without either of the others a.
    assert statistics.best_by_others(accuracy).to_dict() == {3: 0.1, 5: 0.5, 8: 0.5}
    assert statistics.best_by_others(accuracy.loc[[3]]).isna().all()
    with pytest.raises(ValueError, match=r"no score of \['a'\] on some subject"):
        statistics.best_by_others(accuracy.replace({"a": {0.9: np.nan}}))


def test_claims_about_nobody_are_undecided():
    nobody = pd.Series([np.nan], index=[1])
    judged = statistics.judge({"it helps": nobody}).loc["it helps"]
    assert (judged["subjects"], judged["verdict"]) == (0, "undecided")

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from semg_lib.evaluation import statistics


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

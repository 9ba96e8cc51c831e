"""Many methods on the same subjects: ranks, and which of them can be told apart.

Friedman's test and Nemenyi's critical difference, as Demšar (2006, Journal of Machine Learning
Research 7:1-30) recommends them; a subject takes the place of his data set.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.stats


def mean_ranks(accuracy: pd.DataFrame) -> pd.Series:
    """Return each method's rank, the mean over subjects, best first; 1 is the best, ties share.

    Parameters
    ----------
    accuracy : DataFrame (subject, method)

    Raises
    ------
    ValueError
        If a method has no score on some subject.
    """
    if accuracy.isna().any(axis=None):
        missing = accuracy.columns[accuracy.isna().any()].tolist()
        raise ValueError(f"no score of {missing} on some subject: rank methods on the same ones")
    return accuracy.rank(axis=1, ascending=False).mean().sort_values()


def friedman(accuracy: pd.DataFrame) -> float:
    """Return p of Friedman's test that all methods have the same rank; needs three methods."""
    return float(scipy.stats.friedmanchisquare(*accuracy.to_numpy().T).pvalue)


def critical_difference(n_methods: int, n_subjects: int, *, level: float = 0.05) -> float:
    """Return by how much two mean ranks must differ for a difference by Nemenyi's test.

    q sqrt(k (k + 1) / (6 N)) for k methods and N subjects, with q the quantile of the studentised
    range over sqrt(2) (Demšar 2006, section 3.2.2).
    """
    q = scipy.stats.studentized_range.ppf(1 - level, n_methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_subjects)))


def not_told_apart(ranks: pd.Series, difference: float) -> list[Sequence[str]]:
    """Return the largest groups of neighbours whose ranks differ by less than the critical one."""
    ordered = ranks.sort_values()
    groups: list[Sequence[str]] = []
    reached = 0
    for i, low in enumerate(ordered):
        end = int((ordered < low + difference).sum())
        if end - i > 1 and end > reached:
            groups.append(list(ordered.index[i:end]))
            reached = end
    return groups

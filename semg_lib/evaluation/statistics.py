"""How sure a difference is: intervals, paired tests over subjects, ranks and verdicts on claims.

Ranks follow Demšar (2006, Journal of Machine Learning Research 7:1-30): Friedman's test and
Nemenyi's critical difference; a subject takes the place of his data set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.stats


def interval(values: np.ndarray, *, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval (BCa) of the mean over subjects.

    Parameters
    ----------
    values : ndarray (subject,)
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper end; not-a-number for fewer than three subjects.
    """
    values = np.asarray(values, float)
    if len(values) < 3:
        return (float("nan"), float("nan"))
    if np.ptp(values) == 0:
        return (float(values[0]), float(values[0]))
    result = scipy.stats.bootstrap(
        (values,), np.mean, confidence_level=level, rng=np.random.default_rng(seed)
    )
    return tuple(float(each) for each in result.confidence_interval)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p values for several tests by Holm's step-down method (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return adjusted


def signed_rank(differences: pd.DataFrame) -> pd.DataFrame:
    """Test whether differences between methods are of one sign over subjects.

    Parameters
    ----------
    differences : DataFrame (subject, question)
        For each question, how much one method is above the other on each subject.

    Returns
    -------
    DataFrame
        One row a question: mean difference, its bootstrap interval, and p of Wilcoxon's
        signed-rank test, adjusted for the number of questions by Holm.
    """
    rows = {}
    for question, difference in differences.items():
        values = difference.to_numpy()
        low, high = interval(values)
        p = scipy.stats.wilcoxon(values).pvalue if np.any(values) else 1.0
        rows[question] = {"difference": values.mean(), "low": low, "high": high, "p": p}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(differences.columns.name)
    table["p"] = holm(table["p"].to_numpy())
    return table


def verdict(test: Mapping[str, float], *, level: float = 0.05) -> str:
    """Say what a row of `signed_rank` makes of the claim that the difference is positive."""
    if not test["p"] < level:
        return "undecided"
    return "supported" if test["difference"] > 0 else "not supported"


def judge(differences: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Test claims that put one thing above another.

    Parameters
    ----------
    differences : mapping of str to Series (subject,)
        The claim in words, and for every subject the difference that the claim says is positive,
        as a fraction.

    Returns
    -------
    DataFrame
        One row a claim: subjects, mean difference and its 95 % bootstrap interval in points, p of
        Wilcoxon's signed-rank test adjusted by Holm, and whether the claim is supported, not
        supported or undecided. Under six subjects p cannot fall below 0.05, so all stays
        undecided.
    """
    complete = pd.DataFrame(differences).dropna().rename_axis("claim", axis="columns")
    table = signed_rank(complete)
    table.insert(0, "subjects", len(complete))
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    table[["difference", "low", "high"]] *= 100
    return table


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

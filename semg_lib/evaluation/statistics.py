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
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p values for several tests by Holm's step-down method (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return adjusted


def hodges_lehmann(values: np.ndarray) -> float:
    """Return the estimate that belongs to Wilcoxon's signed-rank test (Hodges and Lehmann 1963).

    It is the median of the means of all pairs of values, each value with itself among them: the
    shift that, taken from every value, leaves the test nothing to find. One subject far from the
    others moves the mean as far as he likes, and this hardly.

    Parameters
    ----------
    values : ndarray (subject,)

    Returns
    -------
    float
        Not-a-number without values.
    """
    values = np.asarray(values, float)
    if not len(values):
        return float("nan")
    first, second = np.triu_indices(len(values))
    return float(np.median((values[first] + values[second]) / 2))


def signed_rank(differences: pd.DataFrame) -> pd.DataFrame:
    """Test whether differences between methods are of one sign over subjects.

    Parameters
    ----------
    differences : DataFrame (subject, question)
        For each question, how much one method is above the other on each subject.

    Returns
    -------
    DataFrame
        One row a question: mean difference, its bootstrap interval, the test's own estimate of
        the difference (`hodges_lehmann`), and p of Wilcoxon's signed-rank test, adjusted for the
        number of questions by Holm.
    """
    rows = {}
    for question, difference in differences.items():
        values = difference.to_numpy()
        low, high = interval(values)
        rows[question] = {
            "difference": difference.mean(),
            "low": low,
            "high": high,
            "estimate": hodges_lehmann(values),
            "p": scipy.stats.wilcoxon(values).pvalue if np.any(values) else 1.0,
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = differences.columns.name
    table["p"] = holm(table["p"].to_numpy())
    return table


def verdict(difference: float, estimate: float, p: float, *, level: float = 0.05) -> str:
    """Say what a row of `signed_rank` makes of the claim that the difference is positive.

    p is of ranks: it says that most subjects differ one way, not that their mean does. So a small
    one decides only where the test's estimate and the mean point the same way.
    """
    if p < level and difference > 0 and estimate > 0:
        return "supported"
    if p < level and difference < 0 and estimate < 0:
        return "not supported"
    return "undecided"


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
        One row a claim: subjects, mean difference and its 95 % bootstrap interval in points, the
        test's own estimate in points, p of Wilcoxon's signed-rank test adjusted by Holm, and
        whether the claim is supported, not supported or undecided. Under six subjects p cannot
        fall below 0.05, so all stays undecided.
    """
    complete = pd.DataFrame(differences).dropna().rename_axis("claim", axis="columns")
    table = signed_rank(complete)
    table.insert(0, "subjects", len(complete))
    tests = zip(table["difference"], table["estimate"], table["p"], strict=True)
    table["verdict"] = [verdict(*test) for test in tests]
    table[["difference", "low", "high", "estimate"]] *= 100
    return table


def best_by_others(accuracy: pd.DataFrame) -> pd.Series:
    """Return, for each subject, the accuracy of the method that is best on the other subjects.

    "The best method" is a choice, and one made on the subjects that it is then tested on is
    flattered by their noise: of methods that are all alike, the one called best is above the
    others on these very subjects, and nowhere else. Here a subject has no say in the choice for
    himself.

    Parameters
    ----------
    accuracy : DataFrame (subject, method)

    Returns
    -------
    Series (subject,)
        Not-a-number for a subject without others.

    Raises
    ------
    ValueError
        If a method has no score on some subject.
    """
    _check_complete(accuracy)
    best = pd.Series(np.nan, index=accuracy.index, name="best by others")
    for subject in accuracy.index:
        others = accuracy.drop(index=subject)
        if len(others):
            best[subject] = accuracy.loc[subject, others.mean().idxmax()]
    return best


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
    _check_complete(accuracy)
    return accuracy.rank(axis=1, ascending=False).mean().sort_values()


def _check_complete(accuracy: pd.DataFrame) -> None:
    if accuracy.isna().any(axis=None):
        missing = accuracy.columns[accuracy.isna().any()].tolist()
        raise ValueError(f"no score of {missing} on some subject: rank methods on the same ones")


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

"""Scores, their uncertainty, and tests between methods over subjects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pydantic
import scipy.stats
import sklearn.metrics


class Score(pydantic.BaseModel):
    """How well one method did on one subject; accuracies are fractions."""

    subject: int
    method: str
    accuracy: float = pydantic.Field(ge=0, le=1)
    balanced_accuracy: float = pydantic.Field(ge=0, le=1)
    classes: int
    n_test: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method predicted for one subject's test windows."""

    subject: int
    method: str
    label: np.ndarray  # (window,)
    predicted: np.ndarray  # (window,)
    loss: tuple[float, ...] = ()  # training loss after every epoch, of a network

    @property
    def score(self) -> Score:
        """Accuracy over windows, and over classes with equal weight."""
        return Score(
            subject=self.subject,
            method=self.method,
            accuracy=float(sklearn.metrics.accuracy_score(self.label, self.predicted)),
            balanced_accuracy=balanced_accuracy(self.label, self.predicted),
            classes=len(np.unique(self.label)),
            n_test=len(self.label),
        )


def balanced_accuracy(label: np.ndarray, predicted: np.ndarray) -> float:
    """Mean over the classes present of the share of their windows that is right."""
    return float(sklearn.metrics.recall_score(
        label, predicted, labels=np.unique(label), average="macro", zero_division=0
    ))  # fmt: skip


def confusion(label: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return counts (true class, predicted class)."""
    return sklearn.metrics.confusion_matrix(label, predicted, labels=classes)


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


def paired_tests(by_method: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Compare each method with one, subject by subject.

    Parameters
    ----------
    by_method : DataFrame (subject, method)
        Accuracy of every method on the same subjects.
    reference : str
        The method that the others are compared with.

    Returns
    -------
    DataFrame
        One row a method: mean difference (reference minus method), its bootstrap interval, and p
        of Wilcoxon's signed-rank test, adjusted by Holm.
    """
    rows = []
    for method in by_method.columns.drop(reference):
        difference = (by_method[reference] - by_method[method]).to_numpy()
        low, high = interval(difference)
        p = scipy.stats.wilcoxon(difference).pvalue if np.any(difference) else 1.0
        rows.append(
            {"method": method, "difference": difference.mean(), "low": low, "high": high, "p": p}
        )
    table = pd.DataFrame(rows).set_index("method")
    table["p"] = holm(table["p"].to_numpy())
    return table


def verdict(test: Mapping[str, float], *, level: float = 0.05) -> str:
    """Say what a row of `paired_tests` makes of the claim that the difference is positive."""
    if not test["p"] < level:
        return "undecided"
    return "supported" if test["difference"] > 0 else "not supported"

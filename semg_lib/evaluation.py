"""Scores, their uncertainty, and tests between methods over subjects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


class SessionScore(Score):
    """A score over several sessions; its accuracy is the mean of theirs."""

    sessions: list[float]  # accuracy in each session, in order
    agreement: list[float]  # how well a trial's windows agree; known without labels
    named: list[int]  # movements that some trial's vote names; known without labels


@dataclass(frozen=True, eq=False)
class SessionOutcome(Outcome):
    """What one method predicted for one subject's test windows, session by session."""

    session: np.ndarray = field(kw_only=True)  # (window,), the session each window is of
    agreement: tuple[float, ...] = field(kw_only=True)  # by session, see `recalibration`
    named: tuple[int, ...] = field(kw_only=True)  # by session, see `recalibration`

    @property
    def score(self) -> SessionScore:
        """Accuracy as the mean over sessions, balanced accuracy over all windows."""
        right = self.label == self.predicted
        sessions = [float(right[self.session == each].mean()) for each in np.unique(self.session)]
        plain = super().score
        return SessionScore(
            **plain.model_dump() | {"accuracy": float(np.mean(sessions))},
            sessions=[round(each, 6) for each in sessions],
            agreement=[round(each, 6) for each in self.agreement],
            named=list(self.named),
        )


class CostedScore(Score):
    """A score beside what it costs."""

    parameters: int | None  # of the network, if the method is one
    multiply_adds: int | None  # of its network for one window
    latency_ms: float  # for one decision, features and all
    train_seconds: float  # of processor, summed over cores


@dataclass(frozen=True, eq=False)
class CostedOutcome(Outcome):
    """What one method predicted for one subject's test windows, and what that costs."""

    parameters: int | None = field(kw_only=True)
    multiply_adds: int | None = field(kw_only=True)
    latency_ms: float = field(kw_only=True)
    train_seconds: float = field(kw_only=True)

    @property
    def score(self) -> CostedScore:
        """Accuracy and costs."""
        return CostedScore(
            **super().score.model_dump(),
            parameters=self.parameters,
            multiply_adds=self.multiply_adds,
            latency_ms=round(self.latency_ms, 3),
            train_seconds=round(self.train_seconds, 1),
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

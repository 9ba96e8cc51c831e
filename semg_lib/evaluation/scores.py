"""Scores: how well one method did on one subject."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pydantic
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


@dataclass(frozen=True)
class Reported:
    """One number of a paper: mean and standard deviation over subjects, in per cent.

    A gain is in points. The standard deviation is None where it is unknown.
    """

    database: str
    method: str
    mean: float
    sd: float | None
    mark: str
    note: str = ""

    @property
    def text(self) -> str:
        """The number as tables show it."""
        return f"{self.mean:.2f}" if self.sd is None else f"{self.mean:.2f} ± {self.sd:.2f}"

"""Scores: how well one method did on one subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydantic
import sklearn.metrics

from semg_lib.evaluation import streaming
from semg_lib.learning.outcomes import CostedOutcome, Outcome, SessionOutcome, StreamOutcome


class Score(pydantic.BaseModel):
    """How well one method did on one subject; accuracies are fractions."""

    subject: int
    method: str
    accuracy: float = pydantic.Field(ge=0, le=1)
    balanced_accuracy: float = pydantic.Field(ge=0, le=1)
    classes: int
    n_test: int


class SessionScore(Score):
    """A score over several sessions; its accuracy is the mean of theirs.

    Accuracy in a session gives every class the same weight (zhai2017, equation 4).
    """

    sessions: list[float]  # accuracy in each session, in order
    corrected: list[float] = []  # the same of the labels that recalibration would train on
    fit_seconds: float = 0.0  # wall clock of the first training


class CostedScore(Score):
    """A score beside what it costs."""

    parameters: int | None  # of the network, if the method is one
    multiply_adds: int | None  # of its network for one window
    latency_ms: float  # for one decision, features and all
    train_seconds: float  # of processor, summed over cores


class StreamScore(Score):
    """A score of a stream: its windows include rest and transitions; see `streaming`."""

    executions: int  # movements carried out
    carried_out: float  # share of executions that most of their decisions name
    missed: float  # share of executions that are never recognised
    onset_ms: float | None  # median delay of those that are, from the muscles' onset
    false_activations: float  # a minute of rest


AnyScore = SessionScore | CostedScore | StreamScore | Score  # as a record reads them


def score(outcome: Outcome) -> Score:
    """Return accuracy over windows, and over classes with equal weight.

    Over sessions, accuracy is the mean of theirs, each over classes with equal weight; balanced
    accuracy is over all windows.
    """
    label, predicted = outcome.label, outcome.predicted
    plain: dict[str, Any] = {
        "subject": outcome.subject,
        "method": outcome.method,
        "accuracy": float(sklearn.metrics.accuracy_score(label, predicted)),
        "balanced_accuracy": balanced_accuracy(label, predicted),
        "classes": len(np.unique(label)),
        "n_test": len(label),
    }
    if isinstance(outcome, SessionOutcome):
        within = [outcome.session == one for one in np.unique(outcome.session)]
        each, corrected = (
            [] if said is None else [balanced_accuracy(label[mask], said[mask]) for mask in within]
            for said in (predicted, outcome.corrected)
        )
        return SessionScore(
            **plain | {"accuracy": float(np.mean(each))},
            sessions=[round(one, 6) for one in each],
            corrected=[round(one, 6) for one in corrected],
            fit_seconds=round(outcome.fit_seconds, 2),
        )
    if isinstance(outcome, CostedOutcome):
        return CostedScore(
            **plain,
            parameters=outcome.parameters,
            multiply_adds=outcome.multiply_adds,
            latency_ms=round(outcome.latency_ms, 3),
            train_seconds=round(outcome.train_seconds, 1),
        )
    return Score(**plain)


def streamed(outcome: StreamOutcome) -> StreamScore:
    """Return what a user feels of a stream, beside `score`."""
    stream = outcome.label, outcome.predicted, outcome.stretch
    late = streaming.onset_delays(*stream, stays=round(outcome.stays_ms / outcome.step_ms))
    minutes = (outcome.label == 0).sum() * outcome.step_ms / 60_000
    known = late[~np.isnan(late)]
    return StreamScore(
        **score(outcome).model_dump(),
        executions=len(late),
        carried_out=round(float(streaming.carried_out(*stream).mean()), 6),
        missed=round(1 - len(known) / len(late), 6),
        onset_ms=float(np.median(known)) * outcome.step_ms if len(known) else None,
        false_activations=round(streaming.false_activations(*stream) / minutes, 3),
    )


def scored(outcome: Outcome) -> Score:
    """Return the score of an outcome of any kind."""
    return streamed(outcome) if isinstance(outcome, StreamOutcome) else score(outcome)


def balanced_accuracy(label: np.ndarray, predicted: np.ndarray) -> float:
    """Mean over the classes present of the share of their windows that is right."""
    return float(sklearn.metrics.recall_score(
        label, predicted, labels=np.unique(label), average="macro", zero_division=0
    ))  # fmt: skip


def confusion(label: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return counts (true class, predicted class)."""
    return sklearn.metrics.confusion_matrix(label, predicted, labels=classes)


def wider(matrix: Sequence[Sequence[int]], old: list[int], new: list[int]) -> np.ndarray:
    """Return a confusion matrix over more labels than it was counted with."""
    wide = np.zeros((len(new), len(new)), int)
    index = np.searchsorted(new, old)
    wide[np.ix_(index, index)] = matrix
    return wide


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

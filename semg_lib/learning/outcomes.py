"""Outcomes: what a method predicted; ``evaluation.scores`` makes scores of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method predicted for one subject's test windows."""

    subject: int
    method: str
    label: np.ndarray  # (window,)
    predicted: np.ndarray  # (window,)
    loss: tuple[float, ...] = ()  # training loss after every epoch, of a network
    stacked: int = 1  # networks that were trained as one with this method's


@dataclass(frozen=True, eq=False)
class SessionOutcome(Outcome):
    """What one method predicted for one subject's test windows, session by session."""

    session: np.ndarray = field(kw_only=True)  # (window,), the session each window is of
    corrected: np.ndarray | None = None  # (window,), labels after correction, where there is one
    fit_seconds: float = 0.0  # wall clock of the first training


@dataclass(frozen=True, eq=False)
class CostedOutcome(Outcome):
    """What one method predicted for one subject's test windows, and what that costs."""

    parameters: int | None = field(kw_only=True)
    multiply_adds: int | None = field(kw_only=True)
    latency_ms: float = field(kw_only=True)
    train_seconds: float = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class StreamOutcome(Outcome):
    """What one method decided about one subject's test stretches, rest and transitions included."""

    stretch: np.ndarray = field(kw_only=True)  # (decision,), numbers of unbroken stretches, sorted
    step_ms: float = field(kw_only=True)  # from decision to decision
    stays_ms: float = field(kw_only=True)  # right decisions for so long recognise a movement

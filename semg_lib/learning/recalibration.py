"""Classifiers that recalibrate themselves, session by session (zhai2017).

A classifier is trained on one labelled session. It predicts the next, corrects its predictions by
what is known of trials (when each begins and ends, not what was done), and is trained anew on
what it has said itself. True labels of a later session are read in one place only, for the
oracle, and only after that session has been predicted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from semg_lib.errors import check_name
from semg_lib.learning.outcomes import SessionOutcome
from semg_lib.learning.training import History


@dataclass(frozen=True, eq=False)
class Session:
    """Windows of one session, as features; `training.fit` takes it like `Windows`.

    Parameters
    ----------
    x : Tensor (window, channel, value)
    label : ndarray (window,), int
    trial : ndarray (window,), int
        The trial each window lies in: one stretch of one movement, or of rest.
    """

    x: Tensor
    label: np.ndarray
    trial: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, which) -> Session:
        """Return the windows that a mask, slice or index array picks."""
        return Session(self.x[which], self.label[which], self.trial[which])

    def to(self, device: str | torch.device) -> Session:
        """Put the features on a device."""
        return replace(self, x=self.x.to(device))

    def gather(self, index: Tensor) -> Tensor:
        """Return a batch (batch, channel, value) of the windows at these indices."""
        return self.x[index]


def join(sessions: Sequence[Session], *, size: int = 0) -> Session:
    """Return the windows of several sessions as one.

    Parameters
    ----------
    sessions : sequence of Session
    size : int
        Keep about so many windows, evenly spread over all; all of them if 0.
    """
    joined = Session(
        torch.cat([each.x for each in sessions]),
        np.concatenate([each.label for each in sessions]),
        np.concatenate([each.trial for each in sessions]),
    )
    if not size or size >= len(joined):
        return joined
    return joined[np.linspace(0, len(joined) - 1, size).round().astype(int)]


def _over_trials(score: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Return the class whose scores (window, class) sum highest over each window's trial."""
    _, which = np.unique(trial, return_inverse=True)
    total = np.zeros((which.max(initial=0) + 1, score.shape[1]))
    np.add.at(total, which, score)
    return total.argmax(axis=1)[which]


def uncorrected(probability: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Return what each window says by itself: classes (window,) of probabilities."""
    return probability.argmax(axis=1)


def majority(probability: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Return what most windows of each window's trial say; the surer class where votes tie."""
    votes = np.eye(probability.shape[1])[probability.argmax(axis=1)]
    # Summed probabilities are at most the number of windows, so they only break ties.
    return _over_trials(votes + probability / (len(votes) + 1), trial)


def confidence(probability: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Return the class whose probabilities sum highest over each window's trial."""
    return _over_trials(probability, trial)


Correction = Callable[[np.ndarray, np.ndarray], np.ndarray]
CORRECTIONS: dict[str, Correction] = {
    "none": uncorrected,
    "majority": majority,
    "confidence": confidence,
}
ORACLE = "oracle"  # true labels: what no classifier can have, an upper bound
FROZEN = "frozen"  # never trained again
MODES = (FROZEN, *CORRECTIONS, ORACLE)


def agreement(predicted: np.ndarray, trial: np.ndarray) -> float:
    """Return how well the windows of a trial agree: the mean share that its vote gets.

    It needs no label. A classifier that fits sees its windows agree; one that does not, scatters.
    Trials of one window say nothing and are left out.

    Parameters
    ----------
    predicted, trial : ndarray (window,)

    Returns
    -------
    float
        Not-a-number if no trial has two windows.
    """
    shares = [
        np.unique(predicted[trial == each], return_counts=True)[1].max() / (trial == each).sum()
        for each in np.unique(trial)
        if (trial == each).sum() > 1
    ]
    return float(np.mean(shares)) if shares else float("nan")


def named(predicted: np.ndarray, trial: np.ndarray) -> int:
    """Return how many different movements the votes of all trials name.

    It needs no label, only that a session asks for every movement: one that no vote names was
    taken for another, and a classifier that is trained on these votes will not name it again.

    Parameters
    ----------
    predicted, trial : ndarray (window,)
    """
    classes, index = np.unique(predicted, return_inverse=True)
    return len(np.unique(majority(np.eye(len(classes))[index], trial)))


class Decoder(Protocol):
    """What the session loop asks of a classifier."""

    classes: np.ndarray  # sorted labels; column i of the probabilities stands for classes[i]
    history: History  # of the last training

    def fit(self, session: Session) -> None:
        """Train on labelled windows, from scratch or further, as the classifier wishes."""

    def probabilities(self, session: Session) -> np.ndarray:
        """Return class probabilities (window, class); reads nothing but ``session.x``."""


def recalibrate(
    decoder: Decoder,
    first: Session,
    later: Sequence[Session],
    mode: str,
    *,
    kept: int = 2,
    same_size: bool = True,
) -> Iterator[np.ndarray]:
    """Predict session after session, training anew in between.

    Parameters
    ----------
    decoder : Decoder
        Fitted to ``first``; it is changed.
    first : Session
        The calibration session, truly labelled.
    later : sequence of Session
    mode : {"frozen", "none", "majority", "confidence", "oracle"}
        How predictions are corrected before they are trained on.
    kept : int
        How many of the latest sessions are trained on, the calibration session among them until
        it is too long ago.
    same_size : bool
        Train on as many windows as the calibration session has, spread over the sessions kept.
        Otherwise more sessions are more windows, and what they bring is taken for what
        recalibration brings.

    Yields
    ------
    ndarray (window,)
        The predicted labels of each later session, each before anything of it was trained on.

    Raises
    ------
    ValueError
        If the mode is unknown or no session is kept.
    """
    check_name("correction", mode, MODES)
    if kept < 1:
        raise ValueError(f"{kept} sessions kept, expected at least 1")
    known = [first]
    for number, session in enumerate(later, 1):
        probability = decoder.probabilities(session)
        yield decoder.classes[probability.argmax(axis=1)]
        if mode == FROZEN or number == len(later):
            continue
        if mode == ORACLE:
            known.append(session[np.isin(session.label, decoder.classes)])
        else:
            label = decoder.classes[CORRECTIONS[mode](probability, session.trial)]
            known.append(replace(session, label=label))
        decoder.fit(join(known[-kept:], size=len(first) if same_size else 0))


def follow(
    decoder: Decoder,
    sessions: Sequence[Session],
    mode: str,
    kept: int,
    same_size: bool,
) -> SessionOutcome:
    """Take a calibrated decoder, which stays as it is, through the later sessions.

    See `recalibrate`. The outcome is over the later sessions, numbered from 1; its subject and
    method are the caller's to fill in.
    """
    first, *later = sessions
    steps = recalibrate(copy.deepcopy(decoder), first, later, mode, kept=kept, same_size=same_size)
    said = list(zip(steps, later, strict=True))
    return SessionOutcome(
        subject=0,
        method=mode,
        label=np.concatenate([each.label for each in later]),
        predicted=np.concatenate([predicted for predicted, _ in said]),
        loss=tuple(decoder.history.loss),
        session=np.repeat(np.arange(1, len(later) + 1), [len(each) for each in later]),
        agreement=tuple(agreement(p, each.trial) for p, each in said),
        named=tuple(named(p, each.trial) for p, each in said),
    )

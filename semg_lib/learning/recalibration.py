"""Classifiers that recalibrate themselves, session by session (zhai2017).

A classifier is trained on labelled windows. It predicts a session, its predictions are corrected
by those of neighbouring windows, and it is trained further on what it has said itself. True labels
of a later session are read in one place only, for the oracle, and only after that session has been
predicted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from semg_lib.errors import DataError, check_name
from semg_lib.learning.outcomes import SessionOutcome
from semg_lib.learning.training import History
from semg_lib.recordings import databases
from semg_lib.signals import splits
from semg_lib.signals.spectrograms import SpectralComponents
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows, shuffle_trials


@dataclass(frozen=True, eq=False)
class Session:
    """Windows of one session in order of time, as features; `training.fit` takes it.

    Parameters
    ----------
    x : Tensor (window, channel, value)
    label : ndarray (window,), int
    """

    x: Tensor
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, which) -> Session:
        """Return the windows that a mask, slice or index array picks."""
        return Session(self.x[which], self.label[which])

    def to(self, device: str | torch.device) -> Session:
        """Put the features on a device."""
        return replace(self, x=self.x.to(device))

    def gather(self, index: Tensor) -> Tensor:
        """Return a batch (batch, channel, value) of the windows at these indices."""
        return self.x[index]


def join(sessions: Sequence[Session]) -> Session:
    """Return the windows of several sessions as one."""
    return Session(
        torch.cat([each.x for each in sessions]), np.concatenate([each.label for each in sessions])
    )


def sessions(
    windows: Windows,
    features: SpectralComponents,
    initial: Sequence[int],
    later: Sequence[int] = (),
    shuffled_s: float = 0,
    *,
    seed: int = 0,
) -> tuple[Session, list[Session], SpectralComponents]:
    """Return what trains first and later sessions, and the features as fitted to the former.

    Parameters
    ----------
    windows : Windows
        Their repetitions are the sessions and keep their numbers; where repetitions are days, as
        in ``multiday``, those at hand are counted from 1.
    features : SpectralComponents
    initial, later : sequence of int
        Sessions that train first, together; sessions to test, in order. If these are empty, the
        first five of the others, or as many as there are. What a recording lacks is left out.
    shuffled_s : float
        Trials of later sessions are in recorded order if 0; else cut into stretches of at most so
        many seconds, in random order.
    seed : int
        Of that order.

    Raises
    ------
    DataError
        If there cannot be such a session, or none is left to train or to test.
    """
    present = np.unique(windows.repetition)
    spec = databases.database(windows.recording.database)
    every = present if spec.sessions else np.arange(1, max(spec.n_repetitions, present[-1]) + 1)
    numbers = {*range(1, len(every) + 1)}
    others = [*later] or sorted(numbers - {*initial})[:5]
    at_hand = [each for each in others if each in numbers and every[each - 1] in present]
    known = [every[each - 1] for each in initial if each in numbers]
    train = windows[np.isin(windows.repetition, known)]
    if not at_hand or not len(train) or not {*initial, *others} <= numbers:
        raise DataError(
            f"{windows.recording!r} has {len(present)} sessions: {[*initial]} cannot train "
            f"and {others or 'others'} be tested"
        )
    tests = [windows[windows.repetition == every[each - 1]] for each in at_hand]
    fitted = features.fit(train)
    for test in tests:
        splits.audit(Split(train, test), fitted)
    if shuffled_s:
        tests = [shuffle_trials(test, shuffled_s, seed=seed) for test in tests]
    first, *rest = (Session(fitted.apply(each), each.label) for each in (train, *tests))
    return first, rest, fitted


def _neighbours(values: np.ndarray, reach: int, filler: float) -> np.ndarray:
    """Return a view (window, ..., neighbour) of each window's values and its neighbours'.

    Beyond the ends of the session the filler stands.
    """
    ends = ((reach, reach), *[(0, 0)] * (values.ndim - 1))
    padded = np.pad(values, ends, constant_values=filler)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)


def mode(probability: np.ndarray, reach: int) -> np.ndarray:
    """Return the class that most windows within some windows of each one say (equation 1).

    No trial ends the neighbourhood; at the ends of the session it has fewer windows. Of classes
    that tie, the first wins.

    Parameters
    ----------
    probability : ndarray (window, class)
    reach : int
        Windows on either side.

    Returns
    -------
    ndarray (window,)
        Columns of ``probability``.
    """
    votes = np.eye(probability.shape[1])[probability.argmax(axis=1)]
    return _neighbours(votes, reach, 0.0).sum(axis=-1).argmax(axis=1)


def median(probability: np.ndarray, reach: int) -> np.ndarray:
    """Return the class whose probability has the largest median there (equations 2 and 3).

    See `mode` for the rest. The median of an even number is the mean of the middle two.
    """
    ordered = np.sort(_neighbours(probability, reach, np.inf), axis=-1)
    # Fillers are sorted to the end, so the middle is that of the windows that are there.
    n = _neighbours(np.ones(len(probability), int), reach, 0).sum(axis=-1)
    middle = np.stack([(n - 1) // 2, n // 2], axis=1)[:, None]
    return np.take_along_axis(ordered, middle, axis=-1).mean(axis=-1).argmax(axis=1)


CORRECTIONS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {"mode": mode, "median": median}
SCENARIOS = ("none", "last", "all", "oracle")


class Decoder(Protocol):
    """What the session loop asks of a classifier."""

    classes: np.ndarray  # sorted labels; column i of the probabilities stands for classes[i]
    history: History  # of the last training
    seconds: float  # that it took

    def fit(self, session: Session) -> None:
        """Train on labelled windows, from scratch or further, as the classifier wishes."""

    def probabilities(self, session: Session) -> np.ndarray:
        """Return class probabilities (window, class); reads nothing but ``session.x``."""


def recalibrate(
    decoder: Decoder,
    first: Session,
    later: Sequence[Session],
    scenario: str,
    correct: Callable[[np.ndarray], np.ndarray],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Predict session after session, training in between.

    Parameters
    ----------
    decoder : Decoder
        Fitted to ``first``; it is changed.
    first : Session
        What is truly labelled.
    later : sequence of Session
    scenario : {"none", "last", "all", "oracle"}
        Never train again; train on the latest session alone, as corrected; on ``first`` and all
        sessions so far, as corrected; on the latest alone with its true labels, which no user
        gives.
    correct : callable
        From probabilities (window, class) to corrected columns (window,).

    Yields
    ------
    predicted, corrected : ndarray (window,)
        Labels of each later session, before anything of it was trained on.

    Raises
    ------
    ValueError
        If the scenario is unknown.
    """
    check_name("scenario", scenario, SCENARIOS)
    known = [first]
    for number, session in enumerate(later, 1):
        probability = decoder.probabilities(session)
        corrected = decoder.classes[correct(probability)]
        yield decoder.classes[probability.argmax(axis=1)], corrected
        if scenario == "none" or number == len(later):
            continue
        if scenario == "oracle":
            latest = session[np.isin(session.label, decoder.classes)]
        else:
            latest = replace(session, label=corrected)
        known = [*known, latest] if scenario == "all" else [latest]
        decoder.fit(join(known))


def follow(
    decoder: Decoder,
    first: Session,
    later: Sequence[Session],
    scenario: str,
    correct: Callable[[np.ndarray], np.ndarray],
) -> SessionOutcome:
    """Take a trained decoder, which stays as it is, through later sessions; see `recalibrate`.

    The outcome's sessions are numbered from 1; its subject and method are the caller's to fill in.
    """
    own = copy.deepcopy(decoder)
    said = list(recalibrate(own, first, later, scenario, correct))
    return SessionOutcome(
        subject=0,
        method=scenario,
        label=np.concatenate([each.label for each in later]),
        predicted=np.concatenate([predicted for predicted, _ in said]),
        loss=tuple(decoder.history.loss),
        session=np.repeat(np.arange(1, len(later) + 1), [len(each) for each in later]),
        corrected=np.concatenate([corrected for _, corrected in said]),
        fit_seconds=decoder.seconds,
    )

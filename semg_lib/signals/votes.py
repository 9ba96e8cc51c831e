"""Votes: what several decisions say together, in a stream of decisions and over a trial."""

from __future__ import annotations

import numpy as np

from semg_lib.signals.windows import Windows, trials

# For `known_after`: what a decision knows, and more of it to see how accuracy grows.
KNOWN = ("10", "150", "200", "trial")
CURVE = ("10", "50", "100", "150", "200", "280", "500", "1000", "trial", "shuffled")


def vote(windows: Windows, predicted: np.ndarray, length_ms: float) -> np.ndarray:
    """Replace each prediction by the majority of those of the last milliseconds, (window,).

    Only windows that begin within that time before the window's own start have a vote, so that
    nothing is taken from the future. A tie goes to the window's own prediction, then to the lowest
    label.
    """
    earliest = windows.starts - length_ms * windows.recording.rate / 1000
    return majority(predicted, np.searchsorted(windows.starts, earliest, side="right"))


def majority(predicted: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Replace each prediction by the majority of those from ``first`` (window,) to itself.

    A tie goes to the window's own prediction, then to the lowest label (raghu2024 compares votes
    with other rules).
    """
    classes, index = np.unique(predicted, return_inverse=True)
    one_hot = np.eye(len(classes))[index]
    so_far = np.concatenate([np.zeros((1, len(classes))), one_hot.cumsum(axis=0)])
    votes = so_far[1:] - so_far[first] + 0.5 * one_hot
    return classes[votes.argmax(axis=1)]


def of_trial(windows: Windows, predicted: np.ndarray) -> np.ndarray:
    """Replace each prediction by the majority of its whole trial, (window,).

    The trial's end has a vote at its beginning: nothing that runs while somebody moves can know
    it. A tie goes to the lowest label.
    """
    classes, index = np.unique(predicted, return_inverse=True)
    names, trial = np.unique(trials(windows), return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (trial, index), 1)
    return classes[counts.argmax(axis=1)[trial]]


def shuffled(windows: Windows, predicted: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Return predictions in random order within each trial, (window,).

    The label of a trial is one, so accuracy stays what it was. What a `vote` makes of these is
    what it would be worth if neighbouring mistakes had nothing to do with each other.
    """
    trial = trials(windows)
    order = np.random.default_rng(seed).permutation(len(predicted))
    within = order[np.argsort(trial[order], kind="stable")]  # trial by trial, mixed within each
    mixed = np.empty_like(predicted)
    mixed[np.argsort(trial, kind="stable")] = predicted[within]
    return mixed


def known_after(
    windows: Windows, predicted: np.ndarray, time: str, *, step_ms: float, seed: int = 0
) -> np.ndarray:
    """Return what is decided from so much signal, (window,).

    Parameters
    ----------
    windows : Windows
        One every ``step_ms``.
    predicted : ndarray (window,)
    time : str
        Milliseconds that all windows with a vote cover together; ``"trial"``; or ``"shuffled"``
        for 200 of a trial's windows in random order.
    """
    if time == "trial":
        return of_trial(windows, predicted)
    if time == "shuffled":
        time, predicted = "200", shuffled(windows, predicted, seed=seed)
    looks_ms = 1000 * windows.length / windows.recording.rate
    return vote(windows, predicted, float(time) - looks_ms + step_ms)

"""Streams: decisions in order of time, as the user of a prosthesis feels them.

A recording is decided on without a gap, rest and transitions included. What counts then is whether
a movement was carried out, how late, and how often the hand moved though its user rested. A stream
is given by arrays of one value a decision: the true label, the decision, and the number of the
stretch of unbroken time that it lies in. Label 0 is rest.
"""

from __future__ import annotations

import numpy as np

from semg_lib.signals import votes


def runs(values: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    """Return where runs of one value within one stretch begin and end, (run, 2)."""
    change = (np.diff(values) != 0) | (np.diff(stretch) != 0)
    bounds = np.concatenate([[0], np.flatnonzero(change) + 1, [len(values)]])
    return np.stack([bounds[:-1], bounds[1:]], axis=1)


def executions(label: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    """Return where the movements carried out begin and end, (execution, 2)."""
    found = runs(label, stretch)
    return found[label[found[:, 0]] > 0]


def carried_out(label: np.ndarray, decided: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    """Tell of each execution whether most of its decisions name it, (execution,) bool.

    "Most" is more than name any other movement, or rest; a tie is not enough.
    """
    right = []
    for begin, end in executions(label, stretch):
        names, counts = np.unique(decided[begin:end], return_counts=True)
        own = counts[names == label[begin]].sum()
        right.append(own > counts[names != label[begin]].max(initial=0))
    return np.array(right, bool)


def onset_delays(
    label: np.ndarray, decided: np.ndarray, stretch: np.ndarray, *, stays: int
) -> np.ndarray:
    """Return how many decisions late each execution is recognised, (execution,); NaN if never.

    Recognised it is at the first of ``stays`` right decisions in a row, or of as many as it has.
    """
    delays = []
    for begin, end in executions(label, stretch):
        right = decided[begin:end] == label[begin]
        length = min(stays, len(right))
        steady = np.lib.stride_tricks.sliding_window_view(right, length).all(axis=1)
        delays.append(float(steady.argmax()) if steady.any() else np.nan)
    return np.array(delays)


def false_activations(label: np.ndarray, decided: np.ndarray, stretch: np.ndarray) -> int:
    """Return how often a decision turns to a movement during rest.

    A movement that is still named when its execution is over is late, not an activation; to turn
    from it to another movement is one. So is a stretch that begins in rest with a movement.
    """
    begins = runs(decided, stretch)[:, 0]
    return int(((label[begins] == 0) & (decided[begins] > 0)).sum())


def majority(decided: np.ndarray, stretch: np.ndarray, n: int) -> np.ndarray:
    """Replace each decision by `votes.majority` of the last n of its stretch, itself included."""
    began = np.searchsorted(stretch, stretch)  # stretches are numbered in order
    return votes.majority(decided, np.maximum(began, np.arange(len(decided)) + 1 - n))


def confident(probability: np.ndarray, classes: np.ndarray, least: float) -> np.ndarray:
    """Return the likeliest label where it is likely enough, else rest, (decision,).

    Parameters
    ----------
    probability : ndarray (decision, class)
    classes : ndarray (class,), int
    least : float
        Below this probability a movement is rejected (scheme2013).
    """
    return np.where(probability.max(axis=1) >= least, classes[probability.argmax(axis=1)], 0)


def held(decided: np.ndarray, stretch: np.ndarray, n: int) -> np.ndarray:
    """Hold the last decision until n in a row agree on another one; a stretch begins at rest."""
    state = np.zeros_like(decided)
    for begin, end in runs(decided, stretch):
        before = state[begin - 1] if begin and stretch[begin - 1] == stretch[begin] else 0
        state[begin:end] = before
        state[min(begin + n - 1, end) : end] = decided[begin]
    return state

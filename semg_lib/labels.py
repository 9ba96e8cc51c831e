"""What the screen asked for beside what the muscles did: delays and disagreement of labels."""

from __future__ import annotations

import numpy as np


def onsets(label: np.ndarray) -> np.ndarray:
    """Return the samples at which a movement begins, (trial,)."""
    moving = np.concatenate([[0], label > 0])
    return np.flatnonzero(np.diff(moving.astype(np.int8)) == 1)


def onset_delays(stimulus: np.ndarray, restimulus: np.ndarray, rate: float) -> np.ndarray:
    """Return how long after the screen each movement begins, in seconds.

    Parameters
    ----------
    stimulus, restimulus : ndarray (sample,), int
        Labels of the screen, and labels re-aligned to the EMG.
    rate : float
        Samples a second, in hertz.

    Returns
    -------
    ndarray (trial,)
        From each onset on the screen to the first of the same movement in ``restimulus`` before
        the screen's next; trials without one are left out.
    """
    asked, moved = onsets(stimulus), onsets(restimulus)
    ends = np.append(asked[1:], len(stimulus))
    delays = []
    for start, end in zip(asked, ends, strict=True):
        inside = moved[(moved >= start) & (moved < end)]
        inside = inside[restimulus[inside] == stimulus[start]]
        if len(inside):
            delays.append((inside[0] - start) / rate)
    return np.array(delays)


def agreement(stimulus: np.ndarray, restimulus: np.ndarray) -> float:
    """Return the share of samples on which both labels agree."""
    return float(np.mean(stimulus == restimulus))

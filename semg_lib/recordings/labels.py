"""Labels: their names, delay and disagreement of their two kinds, likeness of movements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from semg_lib.recordings import databases
from semg_lib.recordings.recording import Recording


def named(database: str, label: int) -> str:
    """Return the number and the name of a movement, such as ``"13 wrist flexion"``.

    Where nothing is called by a name it is ``"movement 13"``, and label 0 is ``"rest"``.
    """
    generic = f"movement {label}" if label else "rest"
    spec = databases.known().get(database)
    name = spec.movement(label) if spec else generic
    return name if name == generic else f"{label} {name}"


def onsets(label: np.ndarray) -> np.ndarray:
    """Return the samples at which a movement begins, (trial,)."""
    moving = np.concatenate([[0], label > 0])
    return np.flatnonzero(np.diff(moving.astype(np.int8)) == 1)


def share_rests(recording: Recording) -> Recording:
    """Return a recording in which the second half of each rest is the next movement's.

    NinaPro counts a rest to the movement before it. So shared, a repetition is a stretch of
    unbroken time with rest before and after its movement.
    """
    repetition = recording.repetition.copy()
    resting = np.concatenate([[False], recording.label == 0, [False]]).astype(np.int8)
    begins, ends = (np.flatnonzero(np.diff(resting) == sign) for sign in (1, -1))
    for begin, end in zip(begins, ends, strict=True):
        if end < len(repetition) and recording.exercise[begin] == recording.exercise[end]:
            repetition[(begin + end) // 2 if begin else 0 : end] = recording.repetition[end]
    return replace(recording, repetition=repetition)


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


def label_agreement(stimulus: np.ndarray, restimulus: np.ndarray) -> float:
    """Return the share of samples on which both labels agree."""
    return float(np.mean(stimulus == restimulus))


def likeness(recording: Recording) -> pd.DataFrame:
    """Return how alike the patterns of mean amplitude over electrodes are.

    Returns
    -------
    DataFrame
        One row a movement, by number and name: the mean correlation of a repetition's pattern
        with the other repetitions of the movement, and with the other movements.
    """
    pairs = [
        (movement, repetition)
        for movement in recording.movements
        for repetition in np.unique(recording.repetition[recording.label == movement])
    ]
    patterns = [
        np.abs(recording.emg[(recording.label == m) & (recording.repetition == r)]).mean(axis=0)
        for m, r in pairs
    ]
    alike = np.corrcoef(patterns)
    movement = np.array([m for m, _ in pairs])
    rows = {}
    for m in recording.movements:
        mine = movement == m
        n = mine.sum()
        among = alike[np.ix_(mine, mine)]
        rows[named(recording.database, int(m))] = {
            "other repetitions": (among.sum() - n) / (n * (n - 1)) if n > 1 else np.nan,
            "other movements": alike[np.ix_(mine, ~mine)].mean() if n < len(mine) else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("movement")

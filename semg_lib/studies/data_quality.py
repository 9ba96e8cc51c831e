"""What is peculiar about NinaPro's recordings, and what it costs: labels, electrodes, subjects."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from semg_lib.learning import baselines
from semg_lib.papers import atzori2016
from semg_lib.recordings import labels
from semg_lib.recordings.recording import Recording
from semg_lib.signals import features
from semg_lib.signals.preprocessing import envelope
from semg_lib.signals.protocol import Protocol

_RATE = 100.0  # Hz; enough for what happens around an onset
PAIRS = {  # what a classifier learns from and what it is tested on
    "realigned": ("restimulus", "restimulus"),
    "screen": ("stimulus", "stimulus"),
    "screen, tested on realigned": ("stimulus", "restimulus"),
}


def onset_courses(
    recording: Recording, *, before_s: float = 1.5, after_s: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return how strong the signal is around every onset of the recording's labels.

    Parameters
    ----------
    recording : Recording
    before_s, after_s : float
        Seconds shown on both sides of an onset.

    Returns
    -------
    time : ndarray (time,)
        Seconds from the onset.
    courses : ndarray (trial, time)
        Mean over electrodes, in units of the recording's mean during movements.
    """
    if recording.rate > _RATE:
        recording = envelope(recording, rate=_RATE)
    level = np.abs(recording.emg).mean(axis=1)
    level = level / level[recording.label > 0].mean()
    before, after = round(before_s * recording.rate), round(after_s * recording.rate)
    at = labels.onsets(recording.label)
    at = at[(at >= before) & (at + after <= len(level))]
    steps = np.arange(-before, after)
    return steps / recording.rate, level[at[:, None] + steps]


def label_cost(
    recordings: Mapping[str, Recording], settings: atzori2016.Settings, method: str = "lda"
) -> dict[str, float]:
    """Return the accuracy of one classical method under the two kinds of labels.

    Parameters
    ----------
    recordings : mapping
        One subject's recording under ``"stimulus"`` and under ``"restimulus"``.
    settings : Settings
        Windows, split and rest, as atzori2016 has them.
    method : str
        See `baselines.make`.

    Returns
    -------
    dict
        Accuracy for each of ``PAIRS``; repetitions that train and that test are the same.
    """
    protocol = Protocol.of(settings)
    sides = {name: protocol.prepare(recording) for name, recording in recordings.items()}
    found = {}
    for pair, (learnt, tested) in PAIRS.items():
        train, test = sides[learnt].split.train, sides[tested].split.test
        # Each in the signal's own unit: the labels decide what a scaler has seen.
        seen = features.extract(train, scaler=sides[learnt].scaler)
        unseen = features.extract(test, scaler=sides[tested].scaler)
        predicted = baselines.make(method).fit(seen, train.label).predict(unseen)
        found[pair] = float(np.mean(predicted == test.label))
    return found


def amplitudes(recording: Recording) -> np.ndarray:
    """Return each electrode's mean amplitude while the subject moves, (channel,)."""
    return np.abs(recording.emg[recording.label > 0]).mean(axis=0)


def overview(screen: Recording, realigned: Recording) -> dict[str, float]:
    """Return what tells one subject's recording from another's.

    Parameters
    ----------
    screen, realigned : Recording
        The same signal with the screen's labels and with those re-aligned to it.
    """
    strength = amplitudes(realigned)
    top = realigned.emg.max(axis=0)
    delays = labels.onset_delays(screen.label, realigned.label, realigned.rate)
    still = np.abs(realigned.emg[realigned.label == 0]).mean()
    return {
        "rest, %": 100 * float(np.mean(realigned.label == 0)),
        "labels agree, %": 100 * labels.label_agreement(screen.label, realigned.label),
        "median delay, s": float(np.median(delays)),
        "strongest over weakest electrode": float(strength.max() / strength.min()),
        "clipped, % of the worst electrode": 100 * float((realigned.emg == top).mean(axis=0).max()),
        "movement over rest": float(strength.mean() / still),
    }


def odd(table: pd.DataFrame, reach: float = 1.5) -> pd.Series:
    """Return, for every row that stands apart, in what it does.

    Parameters
    ----------
    table : DataFrame (subject, quantity)
    reach : float
        A value stands apart that lies further outside the quartiles than this many times their
        distance (Tukey's fences).
    """
    low, high = table.quantile(0.25), table.quantile(0.75)
    reasons: dict[object, list[str]] = {}
    for name in table.columns:
        far = reach * (high[name] - low[name])
        for row, value in table[name].items():
            if value < low[name] - far or value > high[name] + far:
                kind = "high" if value > high[name] else "low"
                middle = table[name].median()
                reasons.setdefault(row, []).append(
                    f"{name}: {value:.3g} is {kind} (median {middle:.3g})"
                )
    told = {row: "; ".join(each) for row, each in sorted(reasons.items())}
    return pd.Series(told, name="stands apart in", dtype=object).rename_axis("subject")

"""Electrodes that are out of the ordinary: told, and silenced if nothing trains on them."""

from __future__ import annotations

import numpy as np

from semg_lib.recordings.databases import Database
from semg_lib.recordings.recording import Recording

_STUCK = 0.01  # share of samples at its limit; at most 0.001 in the files of DB1 at hand
_VOLTS = {True: 0.01, False: 10.0}  # no raw signal's deviation, no envelope's peak, is so large


def checked(recording: Recording, spec: Database) -> tuple[Recording, list[str]]:
    """Return a recording without dead electrodes, and in words what is unusual of its electrodes.

    An electrode that is flat in as many repetitions as train is zero in all of the result. Where
    all that trains is flat, rounding leaves a deviation of 1e-19, by which any value of the test
    becomes a huge one. Only movements are asked, since the rest that follows one belongs to its
    repetition, whatever the amplifier did by then.
    """
    emg, repetition, moving = recording.emg, recording.repetition, recording.label > 0
    present = np.unique(repetition[moving]).tolist()
    trains = {*present} - {*spec.test_repetitions} or present
    within = moving[1:] & moving[:-1] & (repetition[1:] == repetition[:-1])
    peak = np.abs(emg).max(axis=0)
    dead, told = [], []
    for channel in range(recording.n_channels):
        name, signal = f"electrode {channel + 1} ", emg[:, channel]
        alive = np.unique(repetition[1:][within & (signal[1:] != signal[:-1])])
        if flat := [each for each in present if each not in alive]:
            name += "never changes"
            if np.ptp(signal):
                name += f" in the movements of repetitions {', '.join(map(str, flat))}"
            if len(flat) >= len(trains):
                dead.append(channel)
                name += ": it is taken for dead and is zero throughout"
            told.append(name)
        stuck = np.count_nonzero(np.abs(signal) == peak[channel])
        often = stuck > max(_STUCK * len(signal), 5)  # one sample of fifty is a peak
        if np.ptp(signal) and often and peak[channel] > peak.max() / 2:
            share = stuck / len(signal)
            told.append(
                f"{name}is saturated: {share:.1%} of its samples are at {peak[channel]:.3g}"
            )
    size = float((emg.std(axis=0) if spec.raw else peak).max())
    too_large = size / _VOLTS[spec.raw]
    if not spec.read and too_large > 1:
        unit = "millivolts" if too_large < 500 else "microvolts" if too_large < 5e5 else "nanovolts"
        told.append(
            f"the signal {'deviates by' if spec.raw else 'goes up to'} {size:.3g}, as if in {unit} "
            "where volts are expected; only methods that scale their input even this out"
        )
    if dead:
        recording = recording.with_emg(np.where(np.isin(range(emg.shape[1]), dead), 0, emg))
    return recording, told

"""Figures of what a network's kernels look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.signal

from semg_lib.plots import VERMILION, Picture, new, picture
from semg_lib.recording import Recording

_N = 512  # frequencies a kernel's response is computed at, twice


def responses(
    recording: Recording, kernels: Mapping[str, Sequence[np.ndarray]], names: Sequence[str]
) -> Picture:
    """Draw what kernels along time let through, beside the signal's own spectrum.

    Parameters
    ----------
    recording : Recording
    kernels : mapping of str to sequence of ndarray (kernel, tap)
        For every row of panels some sets of kernels, such as those before and after training.
    names : sequence of str
        What the sets are.
    """
    figure, axes = new(8, 2.6 * len(kernels), len(kernels), len(names), squeeze=False, sharex=True)
    moving = recording.emg[recording.label > 0]
    hz, power = scipy.signal.welch(moving, recording.rate, nperseg=_N, axis=0)
    level = np.sqrt(power.mean(axis=1))
    at = np.fft.rfftfreq(_N, 1 / recording.rate)
    told = []
    for row, (title, sets) in zip(axes, kernels.items(), strict=True):
        for axis, name, taps in zip(row, names, sets, strict=True):
            response = np.abs(np.fft.rfft(taps, _N, axis=1))
            response /= response.max(axis=1, keepdims=True)
            order = response.argmax(axis=1).argsort()
            n = len(taps)
            extent = (0, at[-1], 0, n)
            axis.imshow(
                response[order], origin="lower", aspect="auto", extent=extent, cmap="viridis"
            )
            axis.plot(hz, 0.95 * n * level / level.max(), color=VERMILION, lw=1.4)
            axis.set(title=f"{title}, {name}", ylim=(0, n))
            middle = np.median(at[response.argmax(axis=1)])
            told.append(f"{title}, {name}: strongest at {middle:.0f} Hz in the median")
        row[0].set_ylabel("kernel")
    for axis in axes[-1]:
        axis.set_xlabel("frequency, Hz (red: the signal)")
    return picture(figure, f"Frequency responses of first-layer kernels. {'; '.join(told)}.")

"""Pictures of what networks see and learn: spectrograms, components, kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.signal

from semg_lib.figures.style import BLUE, HEAT, INK, VERMILION, Picture, new, picture
from semg_lib.recordings.recording import Recording


def spectrogram_steps(
    raw: np.ndarray, power: np.ndarray, image: np.ndarray, components: np.ndarray, rate: float
) -> Picture:
    """Draw one channel of one segment on its way to the network (zhai2017).

    Parameters
    ----------
    raw : ndarray (time,), volts
    power : ndarray (frequency, frame)
    image : ndarray (kept frequency, frame), 0..1
    components : ndarray (component,)
    rate : float
        Samples a second, in hertz.
    """
    figure, axes = new(9, 2.9, 1, 4, width_ratios=[2.2, 1, 1, 2])
    axes[0].plot(np.arange(len(raw)) / rate * 1000, raw * 1e6, lw=0.8, color=INK)
    axes[0].set(xlabel="time, ms", ylabel="µV", title=f"{len(raw)} samples")
    top_hz = rate / 2
    shown = 10 * np.log10(power + power.max() * 1e-6)
    for axis, values, top, title in (
        (axes[1], shown, top_hz, "power, dB"),
        (axes[2], image, top_hz * (len(image) - 1) / (len(power) - 1), "0 to 1"),
    ):
        extent = (0.5, values.shape[1] + 0.5, 0, top)
        axis.imshow(values, origin="lower", aspect="auto", extent=extent, cmap=HEAT)
        size = " x ".join(str(n) for n in values.shape)
        axis.set(xticks=range(1, values.shape[1] + 1), xlabel="frame", title=f"{size}\n{title}")
    axes[1].set_ylabel("Hz")
    axes[3].bar(np.arange(len(components)) + 1, components, color=BLUE)
    axes[3].set(xlabel="component", title=f"{len(components)} numbers")
    alt = (
        f"One channel's segment of {len(raw)} samples, its spectrogram of {power.shape[0]} "
        f"frequencies and {power.shape[1]} frames, the {image.shape[0]} frequencies kept between "
        f"0 and 1, and {len(components)} components, the first the largest."
    )
    return picture(figure, alt)


def grids(order: Sequence[int], x: np.ndarray, names: Sequence[str]) -> Picture:
    """Draw where each component lies on a channel's image, and the images of some segments.

    Parameters
    ----------
    order : sequence of int
        Component at each place of the square, row by row, from 1.
    x : ndarray (segment, component)
        One channel's components of some segments.
    names : sequence of str
        What the segments are.
    """
    side = math.isqrt(len(order))
    place = np.asarray(order).reshape(side, side)
    figure, ((first, *others),) = new(1.9 * (len(x) + 1), 2.2, 1, len(x) + 1, squeeze=False)
    first.imshow(place, cmap="Greys_r", vmin=-15, vmax=len(order))
    for (row, column), number in np.ndenumerate(place):
        first.text(column, row, number, ha="center", va="center", fontsize=9, weight="bold")
    first.set(title="component")
    limit = np.abs(x).max(initial=0)
    for axis, values, name in zip(others, x, names, strict=True):
        axis.imshow(values[place - 1], cmap="RdBu_r", vmin=-limit, vmax=limit)
        axis.set(title=name)
    for axis in (first, *others):
        axis.set(xticks=[], yticks=[])
    rows = "; ".join(" ".join(map(str, row)) for row in place)
    alt = f"Components on a square of {side} by {side}, row by row: {rows}."
    return picture(
        figure, alt + (f" Beside it one channel of {', '.join(names)}." if names else "")
    )


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
            axis.imshow(response[order], origin="lower", aspect="auto", extent=extent, cmap=HEAT)
            axis.plot(hz, 0.95 * n * level / level.max(), color=VERMILION, lw=1.4)
            axis.set(title=f"{title}, {name}", ylim=(0, n))
            middle = np.median(at[response.argmax(axis=1)])
            told.append(f"{title}, {name}: strongest at {middle:.0f} Hz in the median")
        row[0].set_ylabel("kernel")
    for axis in axes[-1]:
        axis.set_xlabel("frequency, Hz (red: the signal)")
    return picture(figure, f"Frequency responses of first-layer kernels. {'; '.join(told)}.")

"""Figures of what is peculiar about recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LogNorm

from semg_lib.figures.style import BLUE, HEAT, INK, ORANGE, Picture, new, picture


def onsets(courses: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Picture:
    """Draw the signal's strength around onsets, for each kind of label.

    Parameters
    ----------
    courses : mapping
        What onset is meant: time (time,) in seconds, and courses (trial, time).
    """
    figure, axes = new(8, 2.9, 1, len(courses), sharey=True, squeeze=False)
    told = []
    for axis, colour, (title, (time, course)) in zip(
        axes[0], (ORANGE, BLUE), courses.items(), strict=False
    ):
        low, middle, high = np.percentile(course, [25, 50, 75], axis=0)
        axis.fill_between(time, low, high, color=colour, alpha=0.25, lw=0)
        axis.plot(time, middle, color=colour, lw=2)
        axis.axvline(0, color=INK, lw=1)
        axis.set(title=title, xlabel="from the onset, s", ylim=(0, None))
        before, after = middle[time < 0].mean(), middle[(time > 0) & (time < 0.5)].mean()
        told.append(f"{title}: {before:.2f} before, {after:.2f} in the half second after")
    axes[0][0].set_ylabel("strength, 1 = movements' mean")
    return picture(
        figure, f"Median and quartiles of the signal's strength over trials. {'; '.join(told)}."
    )


def electrode_map(amplitude: np.ndarray, subjects: Sequence[int]) -> Picture:
    """Draw each electrode's mean amplitude during movements, (subject, channel)."""
    n_subjects, n_channels = amplitude.shape
    figure, axis = new(7, 0.24 * n_subjects + 1.4)
    image = axis.imshow(amplitude, norm=LogNorm(), cmap=HEAT, aspect="auto")
    figure.colorbar(image, label="mean amplitude, V")
    axis.set(
        xticks=range(n_channels),
        xticklabels=range(1, n_channels + 1),
        yticks=range(n_subjects),
        yticklabels=subjects,
        xlabel="electrode",
        ylabel="subject",
    )
    row, column = divmod(int(amplitude.argmin()), n_channels)
    return picture(
        figure,
        f"Mean amplitude of {n_channels} electrodes for {n_subjects} subjects: from "
        f"{amplitude.min():.3g} V (subject {subjects[row]}, electrode {column + 1}) to "
        f"{amplitude.max():.3g} V.",
    )

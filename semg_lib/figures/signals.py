"""Pictures of recordings, windows and splits."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import scipy.signal
from numpy.typing import ArrayLike
from scipy.ndimage import uniform_filter1d

from semg_lib.figures.style import (
    BLUE,
    CYCLE,
    HEAT,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    Picture,
    name_above,
    new,
    picture,
)
from semg_lib.recordings import databases
from semg_lib.recordings.labels import named
from semg_lib.recordings.recording import Recording
from semg_lib.signals.splits import Split


def _who(recording: Recording) -> str:
    kind = "simulated " if recording.simulated else ""
    return f"{kind}{recording.database.upper()} subject {recording.subject}"


def electrodes(names: Sequence[str] = ("db1", "db2")) -> Picture:
    """Draw where each database's electrodes sit, on a cross-section of the right forearm."""
    figure, axes = new(3.2 * len(names), 3.3, 1, len(names), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        spec = databases.database(name)
        axis.add_artist(mpl.patches.Circle((0, 0), 1, fc="#f6e8df", ec=INK))
        for x, y, bone in ((-0.25, -0.05, "radius"), (0.3, -0.1, "ulna")):
            axis.add_artist(mpl.patches.Circle((x, y), 0.16, fc="white", ec="#8c959f"))
            axis.text(x, y - 0.27, bone, ha="center", va="center", fontsize=8)
        angle = np.pi / 2 - np.arange(8) / 8 * 2 * np.pi
        axis.plot(1.1 * np.cos(angle), 1.1 * np.sin(angle), "s", ms=11, color=BLUE)
        for i, each in enumerate(angle):
            axis.text(1.36 * np.cos(each), 1.36 * np.sin(each), i + 1, ha="center", va="center")
        more = ["flexor\ndigitorum", "extensor\ndigitorum", "biceps\nbrachii", "triceps\nbrachii"]
        for i in range(spec.n_channels - 8):
            x, y = -1.2 + 0.8 * i, -2.1
            axis.plot(x, y, "s", ms=11, color=ORANGE)
            axis.text(x, y - 0.25, f"{i + 9}\n{more[i]}", ha="center", va="top", fontsize=7)
        axis.set(xlim=(-1.8, 1.8), ylim=(-3.1, 1.7), aspect="equal", title=name.upper())
        axis.axis("off")
    alt = (
        "Cross-section of a forearm with eight numbered electrodes in a ring around it and the "
        "others, on chosen muscles, below."
    )
    return picture(figure, alt)


def excerpt(
    recording: Recording,
    *,
    start_s: float,
    seconds: float,
    screen: np.ndarray | None = None,
) -> Picture:
    """Draw a stretch of every channel over its labels.

    Parameters
    ----------
    recording : Recording
    start_s, seconds : float
        Where the stretch begins and how long it is.
    screen : ndarray (sample,), optional
        The screen's label (stimulus), drawn as bars above.
    """
    part = slice(round(start_s * recording.rate), round((start_s + seconds) * recording.rate))
    emg, label = recording.emg[part], recording.label[part]
    t = start_s + np.arange(len(emg)) / recording.rate
    figure, axis = new(8, 0.38 * recording.n_channels + 1.2)
    gap = np.ptp(emg, axis=0).max() or 1.0
    for channel in range(recording.n_channels):
        axis.plot(t, emg[:, channel] / gap - channel, lw=0.7, color=INK)
    _shade(axis, t, label, SKY, 0, 0.93, alpha=0.35)
    legend = "shaded: a movement is done"
    if screen is not None:
        _shade(axis, t, screen[part], ORANGE, 0.95, 1.0, alpha=0.9)
        legend += ", bars: it is asked for"
    movements = [named(recording.database, int(each)) for each in np.unique(label) if each > 0]
    axis.set(
        yticks=-np.arange(recording.n_channels),
        yticklabels=np.arange(recording.n_channels) + 1,
        ylabel="electrode",
        xlabel="time, s",
        xlim=(t[0], t[-1]),
        ylim=(-recording.n_channels + 0.2, 1.6),
        title=f"{_who(recording)}: {legend}\n{textwrap.fill('; '.join(movements), 110)}",
    )
    alt = (
        f"{seconds:g} s of {recording.n_channels} channels of {_who(recording)}, shaded: "
        f"{'; '.join(movements) or 'nothing'}."
    )
    return picture(figure, alt)


def _shade(axis, t, label, colour, low, high, alpha) -> None:
    change = np.flatnonzero(np.diff(label)) + 1
    for piece in np.split(np.arange(len(label)), change):
        if len(piece) and label[piece[0]] > 0:
            axis.axvspan(t[piece[0]], t[piece[-1]], low, high, color=colour, alpha=alpha, lw=0)
            if low == 0:
                middle = t[piece[len(piece) // 2]]
                axis.text(middle, 0.72, int(label[piece[0]]), ha="center", va="center")


def delays(values: np.ndarray, title: str) -> Picture:
    """Draw how long after the screen the muscles begin, (trial,) in seconds."""
    figure, axis = new(5.5, 2.6)
    axis.hist(values, bins=np.arange(0, max(2.0, values.max()) + 0.1, 0.1), color=BLUE, ec="white")
    axis.axvline(np.median(values), color=VERMILION)
    axis.text(np.median(values) + 0.03, axis.get_ylim()[1] * 0.93, "median", color=VERMILION)
    axis.set(xlabel="from the screen's onset to the muscles', s", ylabel="trials", title=title)
    low, middle, high = np.percentile(values, [5, 50, 95])
    alt = (
        f"Histogram of {len(values)} onset delays: median {middle:.2f} s, nine in ten between "
        f"{low:.2f} and {high:.2f} s."
    )
    return picture(figure, alt)


def spectra(recordings: Sequence[Recording]) -> Picture:
    """Draw the power spectrum of movement and of rest, averaged over channels."""
    figure, axes = new(4 * len(recordings), 2.9, 1, len(recordings), squeeze=False)
    for axis, recording in zip(axes[0], recordings, strict=True):
        for name, chosen, colour in (
            ("movement", recording.label > 0, BLUE),
            ("rest", recording.label == 0, ORANGE),
        ):
            emg = recording.emg[chosen]
            length = min(len(emg), round(recording.rate))
            hz, power = scipy.signal.welch(emg, recording.rate, nperseg=length, axis=0)
            axis.semilogy(hz[1:], power.mean(axis=1)[1:], color=colour, label=name)
        axis.set(xlabel="frequency, Hz", ylabel="power / Hz", title=_who(recording))
        axis.legend(frameon=False)
        axis.grid(True, alpha=0.6)
    names = " and ".join(_who(each) for each in recordings)
    return picture(figure, f"Power spectra of {names}, movement above rest.")


def channel_spectra(recordings: Sequence[Recording]) -> Picture:
    """Draw each channel's power spectrum while a movement is done."""
    figure, axes = new(4.2 * len(recordings), 3.2, 1, len(recordings), squeeze=False)
    told = []
    for axis, recording in zip(axes[0], recordings, strict=True):
        emg = recording.emg[recording.label > 0]
        hz, power = scipy.signal.welch(emg, recording.rate, nperseg=512, axis=0)
        lines = axis.semilogy(hz[1:], power[1:])
        for i, line in enumerate(lines):
            line.set(color=mpl.colormaps["viridis"](i / len(lines)), lw=1, label=i + 1)
        axis.set(xlabel="frequency, Hz", ylabel="power / Hz", title=_who(recording))
        axis.legend(frameon=False, fontsize=8, ncols=2, title="electrode", loc="lower left")
        axis.grid(True, alpha=0.6)
        share = np.cumsum(power, axis=0) / power.sum(axis=0)
        half, most = (hz[(share >= part).argmax(axis=0)] for part in (0.5, 0.95))
        told.append(
            f"{_who(recording)}, half of a channel's power is below {half.min():.0f} to "
            f"{half.max():.0f} Hz, 95 % of it below {most.min():.0f} to {most.max():.0f} Hz"
        )
    return picture(figure, f"Power spectrum of each channel during movements. {'; '.join(told)}.")


def beginnings(courses: Mapping[str, ArrayLike], rate: float, cut_s: float, title: str) -> Picture:
    """Draw how loud each contraction begins.

    Parameters
    ----------
    courses : mapping of str to array (session, time, channel)
        What the contraction is called, and its signal from the first sample of its files.
    rate : float
        Samples a second, in hertz.
    cut_s : float
        What is left out when the files are read, in seconds.
    title : str
    """
    figure, axis = new(7, 3.4)
    told = []
    for i, (name, emg) in enumerate(courses.items()):
        power = uniform_filter1d(np.square(emg, dtype=float), round(0.05 * rate), axis=1)
        level = np.median(np.sqrt(power.mean(axis=2)), axis=0)
        colour = mpl.colormaps["viridis"](i / len(courses))
        axis.semilogy(np.arange(len(level)) / rate, level, color=colour, label=name)
        at = np.argmax(level > level[round(cut_s * rate) :].mean() / 2) / rate
        told.append(f"{name} {at:.2f} s")
    axis.axvline(cut_s, color=INK, ls=":")
    axis.text(cut_s, axis.get_ylim()[0], " read from here", va="bottom")
    axis.set(xlabel="from the file's first sample, s", ylabel="RMS of all channels", title=title)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return picture(
        figure,
        f"Loudness at the beginning of contractions ({title}). From the first sample to half "
        f"of the loudness that is held: {', '.join(told)}.",
    )


def loudness(recording: Recording) -> Picture:
    """Draw how loud each channel is in each repetition, beside the first of them."""
    figure, axis = new(7, 3.1)
    power = pd.DataFrame(np.square(recording.emg, dtype=float))[recording.label > 0]
    marks = [marks[recording.label > 0] for marks in (recording.repetition, recording.label)]
    each = power.groupby(marks).mean().groupby(level=0).mean()  # no movement counts twice
    level = 100 * np.sqrt(each / each.iloc[0]).to_numpy()
    for i, colour in zip(range(recording.n_channels), CYCLE, strict=False):
        axis.plot(each.index, level[:, i], "o-", ms=3, color=colour, label=i + 1)
    kind = "session" if databases.database(recording.database).sessions else "repetition"
    axis.set(xlabel=kind, ylabel=f"RMS, % of {kind} {each.index[0]}", ylim=(0, None))
    axis.set_title(_who(recording))
    axis.legend(frameon=False, fontsize=8, title="electrode", loc=2, bbox_to_anchor=(1, 1))
    axis.grid(True, alpha=0.6)
    told = "; ".join(
        f"electrode {i} {line.min():.0f} to {line.max():.0f} %, {line[-1]:.0f} % at last"
        for i, line in enumerate(level.T, 1)
    )
    return picture(figure, f"Loudness in {len(each)} {kind}s, the first being 100 %: {told}.")


def movement_map(recording: Recording) -> Picture:
    """Draw how loud each electrode is in each movement, as a share of its loudest."""
    movements = recording.movements
    loud = np.stack([np.abs(recording.emg[recording.label == m]).mean(axis=0) for m in movements])
    loud /= loud.max(axis=0)
    names = [named(recording.database, int(each)) for each in movements]
    width = 0.33 * recording.n_channels + 2 + 0.075 * max(map(len, names))
    figure, axis = new(width, 0.25 * len(movements) + 1.2)
    image = axis.imshow(loud, cmap=HEAT, vmin=0, vmax=1, aspect="auto")
    axis.set(
        xticks=range(recording.n_channels),
        xticklabels=range(1, recording.n_channels + 1),
        yticks=range(len(movements)),
        yticklabels=names,
        xlabel="electrode",
        title=_who(recording),
    )
    figure.colorbar(image, label="share of its loudest")
    loudest = ", ".join(f"{name}: {loud[i].argmax() + 1}" for i, name in enumerate(names))
    alt = f"Map of movements against electrodes. Loudest electrode of each movement: {loudest}."
    return picture(figure, alt)


def window_images(split: Split) -> Picture:
    """Draw one training window of six movements as the network's input image."""
    train = split.train
    chosen = np.unique(train.label)[:6]
    figure, axes = new(1.35 * len(chosen), 2.9, 1, len(chosen), squeeze=False, sharey=True)
    for axis, label in zip(axes[0], chosen, strict=True):
        theirs = np.flatnonzero(train.label == label)
        x = train[theirs[len(theirs) // 2 :][:1]].take()[0]
        axis.imshow(x.T, cmap="RdBu_r", vmin=-3, vmax=3, aspect="auto")
        axis.set(xticks=[0, x.shape[0] - 1], xticklabels=[1, x.shape[0]])
        name_above(axis, named(train.recording.database, int(label)))
        axis.set_xlabel("electrode")
    axes[0, 0].set_ylabel("time, samples")
    alt = (
        f"One window of {len(chosen)} classes as an image of {train.length} samples by "
        f"{train.recording.n_channels} electrodes."
    )
    return picture(figure, alt)


def split_map(split: Split) -> Picture:
    """Draw how many windows of each repetition train and test."""
    figure, axis = new(6, 2.2)
    for name, side, colour in (("train", split.train, BLUE), ("test", split.test, ORANGE)):
        repetition, count = np.unique(side.repetition, return_counts=True)
        axis.bar(repetition, count, color=colour, label=name)
    both = np.concatenate([split.train.repetition, split.test.repetition])
    axis.set(xticks=np.unique(both), xlabel="repetition", ylabel="windows")
    axis.legend(frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, 1.2))
    held = sorted(set(split.test.repetition.tolist()))
    return picture(figure, f"Windows a repetition; repetitions {held} are held out for testing.")

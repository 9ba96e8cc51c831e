"""Sets in which each movement is held through a text file of its own, and what is usual in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal

from semg_lib.errors import DataError
from semg_lib.recordings.recording import Recording
from semg_lib.recordings.text import Columns

_SLOW_HZ = 10  # below it there is little of muscles
_MAINS_HZ = (50, 60)
_AROUND_HZ = 2
_STILL_S = 0.5  # no electrode that works repeats one value for so long


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What every sound file of a set keeps to.

    Parameters
    ----------
    least_s : float
        Length of what is used of it, in seconds.
    least_rms : sequence of float
        Of each channel, about its mean.
    most_slow, most_mains : float
        Share of a channel's power below 10 Hz, and around 50 or 60 Hz.
    """

    least_s: float
    least_rms: Sequence[float]
    most_slow: float
    most_mains: float

    def unusual(self, recording: Recording) -> Iterator[str]:
        """Yield what is out of the ordinary in one file's recording."""
        emg, rate = recording.emg - np.median(recording.emg, axis=0), recording.rate
        if recording.seconds < self.least_s:
            yield f"only {recording.seconds:.1f} s are used, usual are {self.least_s:g} s and more"
        n = min(len(emg), round(rate / 2))
        # Medians over time: a jerk of the arm is no drift.
        hz, power = scipy.signal.welch(
            emg, rate, nperseg=n, axis=0, average="median", detrend=False
        )
        whole = np.maximum(power.sum(axis=0), np.finfo(np.float32).tiny)
        slow = power[hz < _SLOW_HZ].sum(axis=0) / whole
        mains = [power[abs(hz - each) <= _AROUND_HZ].sum(axis=0) / whole for each in _MAINS_HZ]
        for channel in range(recording.n_channels):
            name, rms = f"channel {channel + 1}", emg[:, channel].std()
            still_s = _longest(np.diff(recording.emg[:, channel]) == 0) / rate
            if still_s > _STILL_S:
                yield f"{name} is dead: it does not change for {still_s:.1f} s"
            elif rms < self.least_rms[channel]:
                yield f"{name} is weak: {rms:.2g} RMS, usual is {self.least_rms[channel]:g} or more"
            elif slow[channel] > self.most_slow:
                yield f"{name} drifts: {slow[channel]:.0%} of its power is below {_SLOW_HZ} Hz"
            for line, share in zip(_MAINS_HZ, mains, strict=True):
                if share[channel] > self.most_mains:
                    yield f"{name} hums: {share[channel]:.0%} of its power is around {line} Hz"


def _longest(flags: np.ndarray) -> int:
    """Return the length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


@dataclass(frozen=True, kw_only=True)
class Held:
    """How such a set was recorded and published.

    Parameters
    ----------
    seconds : float
        Of a file that are used, in the middle.
    start_s, end_s : float
        Left out before and after.
    rest : bool
        Whether rest is a class of its own, with files too.
    columns : Columns
    named : callable
        What a file's place and name say: takes a path; returns subject, repetition and label, or
        None.
    place : callable
        The place and name of a simulated file, below a folder: takes the three.
    usual : Usual
    """

    seconds: float
    start_s: float = 0.0
    end_s: float = 0.0
    rest: bool = False
    columns: Columns
    named: Callable[[Path], tuple[int, int, int] | None]
    place: Callable[[int, int, int], Path]
    usual: Usual

    def read(self, path: Path, rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read one file, less its start and end; see ``read`` of `databases.Database`.

        Raises
        ------
        DataError
            If its place, its name or its rows are not those of a file of the set, or it is too
            short.
        """
        about = self.named(path)
        if about is None:
            raise DataError(f"its place and name are not such as {self.place(1, 1, 1)}")
        _, repetition, label = about
        emg = self.signal(path, rate)
        return emg, np.full(len(emg), label), np.full(len(emg), repetition)

    def signal(self, path: Path, rate: float) -> np.ndarray:
        """Return what is used of a file's signal, (sample, channel) float32; as `read`."""
        emg = self.columns.read(path)
        used = emg[round(self.start_s * rate) : len(emg) - round(self.end_s * rate)]
        if not len(used):
            raise DataError(f"it holds {len(emg) / rate:.2f} s, too short to use; get it again")
        return used

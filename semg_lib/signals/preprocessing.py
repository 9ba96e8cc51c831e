"""From the stored signal to what windows are cut from: filters, envelopes, standardisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal

from semg_lib.errors import DataError
from semg_lib.recordings.recording import Recording


def moving_rms(recording: Recording, *, length_ms: float) -> Recording:
    """Root mean square over a window centred on every sample.

    Parameters
    ----------
    recording : Recording
    length_ms : float
        Window length in milliseconds.
    """
    length = max(1, round(length_ms * recording.rate / 1000))
    power = scipy.ndimage.uniform_filter1d(recording.emg.astype(np.float64) ** 2, length, axis=0)
    # Running sums leave tiny negative values where the signal is zero.
    return recording.with_emg(np.sqrt(np.maximum(power, 0)))


def notch(recording: Recording, *, frequency_hz: float = 50.0, quality: float = 30.0) -> Recording:
    """Remove power-line interference with a second-order notch, forwards and backwards."""
    _check_below_nyquist(recording, frequency_hz)
    b, a = scipy.signal.iirnotch(frequency_hz, quality, fs=recording.rate)
    return recording.with_emg(scipy.signal.filtfilt(b, a, recording.emg, axis=0))


def low_pass(recording: Recording, *, cutoff_hz: float, causal: bool = False) -> Recording:
    """Smooth each exercise by a first-order Butterworth filter.

    Parameters
    ----------
    recording : Recording
    cutoff_hz : float
    causal : bool
        Filter forwards only, as a device has to: the signal comes late by about
        1 / (2 pi cutoff). Otherwise forwards and backwards, without a delay, which looks at
        samples after each one's own.

    Raises
    ------
    DataError
        If the cutoff is not below half the rate.
    """
    _check_below_nyquist(recording, cutoff_hz)
    sos = scipy.signal.butter(1, cutoff_hz, fs=recording.rate, output="sos")
    parts = []
    for part in np.split(recording.emg, np.flatnonzero(np.diff(recording.exercise)) + 1):
        if causal:  # begins as if the first sample had always been there
            start = scipy.signal.sosfilt_zi(sos)[:, :, None] * part[0]
            parts.append(scipy.signal.sosfilt(sos, part, axis=0, zi=start)[0])
        else:
            parts.append(scipy.signal.sosfiltfilt(sos, part, axis=0))
    return recording.with_emg(np.concatenate(parts))


def resample(recording: Recording, *, rate: float) -> Recording:
    """Keep every n-th sample of signal and labels; filter before, there is no filter here.

    Raises
    ------
    DataError
        If the new rate does not divide the old one.
    """
    every = recording.rate / rate
    if every < 1 or abs(every - round(every)) > 1e-9:
        raise DataError(f"cannot take {rate:g} Hz from {recording.rate:g} Hz by whole steps")
    picked = slice(None, None, round(every))
    names = ("emg", "label", "repetition", "exercise")
    kept: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(recording, name)[picked]) for name in names
    }
    return replace(recording, rate=float(rate), **kept)


def envelope(recording: Recording, *, rate: float) -> Recording:
    """Rectify by moving RMS over two new samples and bring down to that rate.

    A raw 2 kHz signal becomes like the 100 Hz envelopes that DB1's electrodes put out. The rate,
    in hertz, divides the old one.
    """
    return resample(moving_rms(recording, length_ms=2000 / rate), rate=rate)


def look_ahead(recording: Recording, *, rate: float) -> int:
    """Return how many samples after its own an envelope of this rate has seen; see `envelope`.

    Its RMS is centred: a decoder in use has to wait for them.
    """
    length = max(1, round(2 * recording.rate / rate))
    return length - length // 2 - 1


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Per-channel z-scores with the statistics of some repetitions only.

    Attributes
    ----------
    mean, std : ndarray (channel,), float32
    repetitions : frozenset of int
        What the statistics have seen; `splits.audit` compares it with the test side.
    """

    mean: np.ndarray
    std: np.ndarray
    repetitions: frozenset[int]

    @classmethod
    def fit(cls, recording: Recording, repetitions: Sequence[int]) -> Standardiser:
        """Measure mean and standard deviation of each channel over these repetitions.

        Raises
        ------
        DataError
            If the recording has none of them.
        """
        seen = np.isin(recording.repetition, list(repetitions))
        if not seen.any():
            raise DataError(f"no sample of repetitions {sorted(repetitions)} in {recording!r}")
        emg = recording.emg[seen].astype(np.float64)
        std = emg.std(axis=0)
        std[std == 0] = 1  # a dead electrode stays zero
        return cls(
            emg.mean(axis=0).astype(np.float32),
            std.astype(np.float32),
            frozenset(int(each) for each in repetitions),
        )

    @classmethod
    def identity(cls, n_channels: int) -> Standardiser:
        """Return the standardiser that changes nothing and has seen nothing."""
        one = np.ones(n_channels, np.float32)
        return cls(0 * one, one, frozenset())

    def apply(self, recording: Recording) -> Recording:
        """Return the recording in standard deviations from the mean."""
        return recording.with_emg((recording.emg - self.mean) / self.std)


def _check_below_nyquist(recording: Recording, frequency_hz: float) -> None:
    if not 0 < frequency_hz < recording.rate / 2:
        raise DataError(
            f"{frequency_hz:g} Hz is outside 0 to {recording.rate / 2:g} Hz, half the rate of "
            f"{recording!r}"
        )

"""Windows: where the stretches that a network sees begin, never a copy of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from semg_lib.errors import DataError
from semg_lib.recordings.recording import Recording


class Gathered(Protocol):
    """Windows on a device."""

    def __len__(self) -> int: ...

    def gather(self, index: torch.Tensor) -> torch.Tensor:
        """Return a batch (batch, channel, time) of the windows at these indices."""


class Batches(Protocol):
    """What training asks of windows: `Windows` are such, features of a session too."""

    @property
    def label(self) -> np.ndarray:
        """Label of each window, (window,) int."""

    def __len__(self) -> int: ...

    def to(self, device: str | torch.device) -> Gathered:
        """Put the windows on a device once."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of one recording, kept as start indices.

    Parameters
    ----------
    recording : Recording
        What the windows look into.
    starts : ndarray (window,), int
        First sample of each window.
    length : int
        Samples in a window.
    """

    recording: Recording
    starts: np.ndarray
    length: int

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, which) -> Windows:
        """Return the windows that a mask, slice or index array picks."""
        return Windows(self.recording, self.starts[which], self.length)

    @property
    def label(self) -> np.ndarray:
        """Label of each window's last sample, (window,) int16."""
        return self.recording.label[self.starts + self.length - 1]

    @property
    def repetition(self) -> np.ndarray:
        """Repetition of each window's last sample, (window,) int16."""
        return self.recording.repetition[self.starts + self.length - 1]

    @property
    def exercise(self) -> np.ndarray:
        """Exercise of each window's last sample, (window,) int8."""
        return self.recording.exercise[self.starts + self.length - 1]

    def view(self) -> np.ndarray:
        """Return every window that the recording has, as a view (start, channel, time).

        ``view()[windows.starts[i]]`` is window i; no sample is copied.
        """
        return np.lib.stride_tricks.sliding_window_view(self.recording.emg, self.length, axis=0)

    def take(self, which=slice(None)) -> np.ndarray:
        """Copy windows out, (window, channel, time) float32."""
        return self.view()[self.starts[which]]

    def to(self, device: str | torch.device) -> DeviceWindows:
        """Put the signal on a device once; batches are gathered there."""
        signal = torch.as_tensor(self.recording.emg, device=device)
        starts = torch.as_tensor(self.starts, device=device)
        return DeviceWindows(signal.unfold(0, self.length, 1), starts)

    def __repr__(self) -> str:
        ms = 1000 * self.length / self.recording.rate
        return f"<{len(self)} Windows of {self.length} samples ({ms:g} ms) of {self.recording!r}>"


@dataclass(frozen=True, eq=False)
class DeviceWindows:
    """Windows whose signal lies on a device; see `Windows.to`."""

    every: torch.Tensor  # (start, channel, time), a view of the signal
    starts: torch.Tensor  # (window,)

    def __len__(self) -> int:
        return len(self.starts)

    def gather(self, index: torch.Tensor) -> torch.Tensor:
        """Return a batch (batch, channel, time) of the windows at these indices."""
        return self.every[self.starts[index]]


def cut(recording: Recording, *, length_ms: float, step_ms: float, pure: bool = True) -> Windows:
    """Cut a recording into windows.

    Parameters
    ----------
    recording : Recording
    length_ms, step_ms : float
        Window length and distance of window starts, in milliseconds.
    pure : bool
        Keep only windows within one movement (or rest), one repetition and one exercise.

    Returns
    -------
    Windows
        In order of time.

    Raises
    ------
    DataError
        If the length or step is under one sample, or the recording shorter than a window.
    """
    length = round(length_ms * recording.rate / 1000)
    step = round(step_ms * recording.rate / 1000)
    if length < 1 or step < 1:
        raise DataError(
            f"a window of {length_ms} ms every {step_ms} ms is under one sample at "
            f"{recording.rate:g} Hz"
        )
    if len(recording.emg) < length:
        raise DataError(
            f"recording of {len(recording.emg)} samples is shorter than a window of {length}"
        )
    starts = np.arange(0, len(recording.emg) - length + 1, step)
    if pure:
        stretch = _stretches(recording)
        starts = starts[stretch[starts] == stretch[starts + length - 1]]
    return Windows(recording, starts, length)


def trials(windows: Windows) -> np.ndarray:
    """Return the number of the trial each window begins in, (window,).

    A trial is one stretch of one label, repetition and exercise.
    """
    return _stretches(windows.recording)[windows.starts]


def _stretches(recording: Recording) -> np.ndarray:
    """Return the number of the stretch of one label, repetition and exercise, (sample,)."""
    change = np.zeros(len(recording.emg), bool)
    for marks in (recording.label, recording.repetition, recording.exercise):
        change[1:] |= marks[1:] != marks[:-1]
    return np.cumsum(change)


def thin_rest(windows: Windows) -> Windows:
    """Keep as many rest windows as a movement has on average, evenly spread over time.

    About half of a NinaPro recording is rest; left as it is, a model that always says rest
    looks good.
    """
    label = windows.label
    rest = np.flatnonzero(label == 0)
    moving = np.flatnonzero(label != 0)
    n_movements = len(np.unique(label[moving]))
    share = round(len(moving) / max(n_movements, 1))
    if len(rest) <= share:
        return windows
    kept = rest[np.linspace(0, len(rest) - 1, share).round().astype(int)]
    return windows[np.sort(np.concatenate([moving, kept]))]


def one_rest(windows: Windows) -> Windows:
    """Keep one trial of rest in each repetition: that after the repetition's first movement.

    So a class has as many trials as another, rest included (zhai2017).
    """
    label, repetition, trial = windows.label, windows.repetition, trials(windows)
    kept = label > 0
    for each in np.unique(repetition[kept]):
        within = repetition == each
        begun = np.maximum.accumulate(within & (label > 0))
        rest = np.flatnonzero(within & begun & (label == 0))
        if len(rest):
            kept |= trial == trial[rest[0]]
    return windows[kept]


def shuffle_trials(windows: Windows, longest_s: float, *, seed: int = 0) -> Windows:
    """Return windows with their trials in random order.

    Parameters
    ----------
    windows : Windows
    longest_s : float
        Trials are cut into stretches that last at most so many seconds, which are shuffled.
    seed : int
    """
    _, trial = np.unique(trials(windows), return_inverse=True)
    began = np.full(trial.max(initial=0) + 1, len(windows.recording.emg))
    np.minimum.at(began, trial, windows.starts)
    piece = (windows.starts - began[trial]) // round(longest_s * windows.recording.rate)
    pieces, which = np.unique(np.stack([trial, piece]), axis=1, return_inverse=True)
    place = np.random.default_rng(seed).permutation(pieces.shape[1])
    return windows[np.argsort(place[which], kind="stable")]

"""The recording: sEMG of one subject with a label and a repetition at every sample.

Nothing here reads files or cuts windows; see ``ninapro`` and ``windows``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from semg_lib.errors import DataError


@dataclass(frozen=True, eq=False)
class Recording:
    """Surface EMG of one subject.

    Parameters
    ----------
    emg : ndarray (sample, channel), float32
        The signal, in the unit of the database (volts at the electrode's output).
    label : ndarray (sample,), int16
        Movement at each sample, numbered through the whole database; 0 is rest.
    repetition : ndarray (sample,), int16
        Repetition at each sample, from 1. Rest carries the repetition of the movement it
        follows, so that a split by repetition divides rest as well.
    exercise : ndarray (sample,), int8
        Number of the exercise file each sample comes from, from 1.
    rate : float
        Samples a second, in hertz.
    database : str
        ``"db1"``, ``"db2"``, ``"db3"``, or one that was registered; see `databases.register`.
    subject : int
        Subject number, from 1.
    simulated : bool
        True if no person was recorded.

    Raises
    ------
    DataError
        If shapes disagree, a sample is not finite or a label is negative.
    """

    emg: np.ndarray
    label: np.ndarray
    repetition: np.ndarray
    exercise: np.ndarray
    rate: float
    database: str
    subject: int
    simulated: bool = False

    def __post_init__(self) -> None:
        who = f"{self.database} subject {self.subject}"
        if self.emg.ndim != 2:
            raise DataError(f"{who}: emg has shape {self.emg.shape}, expected (sample, channel)")
        for name in ("label", "repetition", "exercise"):
            shape = getattr(self, name).shape
            if shape != (len(self.emg),):
                raise DataError(f"{who}: {name} has shape {shape}, expected ({len(self.emg)},)")
        if not np.isfinite(self.emg).all():
            sample, channel = np.argwhere(~np.isfinite(self.emg))[0]
            raise DataError(
                f"{who}: emg is not finite at sample {sample}, channel {channel}; "
                "repair or drop that stretch"
            )
        if self.label.size and self.label.min() < 0:
            raise DataError(f"{who}: label {self.label.min()} is negative")
        if not self.rate > 0:
            raise DataError(f"{who}: rate is {self.rate} Hz, expected a positive number")

    @property
    def n_channels(self) -> int:
        """Number of electrodes."""
        return self.emg.shape[1]

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.emg) / self.rate

    @property
    def movements(self) -> np.ndarray:
        """Sorted labels that occur, rest left out."""
        present = np.unique(self.label)
        return present[present > 0]

    def with_emg(self, emg: np.ndarray) -> Recording:
        """Return the same recording with another signal of the same length."""
        return replace(self, emg=np.ascontiguousarray(emg, dtype=np.float32))

    def __repr__(self) -> str:
        kind = "simulated " if self.simulated else ""
        return (
            f"<{kind}Recording {self.database} subject {self.subject}: {self.seconds:.0f} s at "
            f"{self.rate:g} Hz, {self.n_channels} channels, {len(self.movements)} movements>"
        )


def give_rest_a_repetition(label: np.ndarray, repetition: np.ndarray) -> np.ndarray:
    """Give every rest stretch the repetition of the movement it follows.

    NinaPro stores repetition 0 during rest; a split by repetition would put all rest on one
    side. The rest before the first movement gets repetition 1.

    Parameters
    ----------
    label, repetition : ndarray (sample,), int
        As stored in one exercise file.

    Returns
    -------
    ndarray (sample,), int16
    """
    moving = label > 0
    last = np.maximum.accumulate(np.where(moving, np.arange(len(label)), -1))
    filled = np.where(last >= 0, repetition[np.maximum(last, 0)], 1)
    return filled.astype(np.int16)


def fingerprint(recording: Recording) -> str:
    """Return a hash of everything in a recording that a result can depend on."""
    digest = hashlib.sha256(f"{recording.rate} {recording.emg.shape}".encode())
    for name in ("emg", "label", "repetition", "exercise"):
        digest.update(np.ascontiguousarray(getattr(recording, name)).data)
    return digest.hexdigest()[:16]


def concatenate(recordings: Sequence[Recording]) -> Recording:
    """Join the exercise files of one subject into one recording.

    Raises
    ------
    DataError
        If there is none, or subjects, rates or numbers of electrodes differ.
    """
    if not recordings:
        raise DataError("no recording to join: name at least one exercise")
    first = recordings[0]
    for other in recordings[1:]:
        for name in ("database", "subject", "rate", "n_channels"):
            mine, its = getattr(first, name), getattr(other, name)
            if mine != its:
                raise DataError(f"cannot join recordings: {name} is {mine} in one, {its} in other")
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(each, name) for each in recordings])
        for name in ("emg", "label", "repetition", "exercise")
    }
    return replace(first, **arrays)

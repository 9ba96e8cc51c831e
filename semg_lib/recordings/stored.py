"""What one exercise file of NinaPro's kind holds, before anything is known about its database."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError
from semg_lib.recordings import files, matlab

MARK = "simulated"  # the variable that the simulator leaves in its files
COLUMNS = ("stimulus", "restimulus", "repetition", "rerepetition")
MOST_APART = 50  # samples that labels may be longer or shorter than the signal
_WHO = ("subject", "exercise")
_FAR = 1e6  # few units bring sEMG here
_FARTHEST = 1e12  # and none here, where squares are still numbers


@dataclass(frozen=True)
class ExerciseFile:
    """What one exercise file holds.

    Parameters
    ----------
    emg : ndarray (sample, channel), float32
    columns : dict of str to ndarray (sample,), int16
        Those of stimulus, restimulus, repetition and rerepetition that are there.
    subject, exercise : int
        As the file says, 0 if it does not.
    names : tuple of str
        Of all its variables, read or not.
    checked : bool
        Whether its bytes bear checksums; where they do not, only what is plausible is believed.
    notes : tuple of str
        What had to be passed over to read it.
    """

    emg: np.ndarray
    columns: dict[str, np.ndarray]
    subject: int
    exercise: int
    names: tuple[str, ...]
    checked: bool
    notes: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether it bears the simulator's mark."""
        return MARK in self.names


KEPT: files.Last[ExerciseFile] = files.Last(most=1 << 28, size=lambda file: file.emg.nbytes)


def read_file(path: str | Path) -> ExerciseFile:
    """Read one exercise file, unless it is among the last that were read and is as it was.

    Raises
    ------
    DataError
        If it is missing, damaged or not an exercise of NinaPro; the message names file, value and
        remedy.
    """
    return KEPT.get(Path(path), functools.partial(examine, whole=False))


def examine(path: str | Path, *, whole: bool = True, signal: bool = True) -> ExerciseFile:
    """Read one exercise file from its bytes and, unless told otherwise, look at every checksum.

    Without the ``signal`` it has no electrodes. Labels that are a few samples longer or shorter
    than the signal, as met in published files, are cropped with it to the shortest. A note says
    so, and so does one if the subject or the exercise is no number.

    Raises
    ------
    DataError
        As `read_file`, or if the lengths differ by more than `MOST_APART` samples.
    """
    wanted = (*(["emg"] if signal else []), *COLUMNS, *_WHO)
    content = matlab.read(path, wanted, single=("emg",), whole=whole)
    found, strange = content.arrays, [*content.no_tables]
    for name in strange:
        if name not in _WHO:
            raise DataError(
                f"{path}: {name} holds no table of real numbers; save it as one, or get the "
                "original"
            )
    columns = {name: _column(path, found[name], name) for name in COLUMNS if name in found}
    for name, instead in (("emg", "emg"), ("restimulus", "stimulus")):
        if name in wanted and name not in found and instead not in found:
            raise DataError(f"{path}: no variable {name!r}; not a whole NinaPro file")
    counts = {name: len(each) for name, each in columns.items()}
    emg = found.get("emg", np.empty((min(counts.values()), 0), np.float32))
    if emg.shape[1] > emg.shape[0] and emg.shape[0] not in counts.values():
        emg = emg.T  # somebody's copy has channels in rows
    counts["emg"] = len(emg)
    n, said = min(counts.values()), ", ".join(f"{name} {count}" for name, count in counts.items())
    if max(counts.values()) - n > MOST_APART:
        raise DataError(
            f"{path}: samples of {said}: more than {MOST_APART} apart, so that nobody can tell "
            "which belong together; get the original"
        )
    columns = {name: each[:n] for name, each in columns.items()}
    if not any(columns[name].any() for name in ("stimulus", "restimulus") if name in columns):
        raise DataError(f"{path}: it holds no movement, only rest; get the original")
    _check_range(path, emg, content.checked)
    who = {name: _number(found[name]) for name in _WHO if name in found}
    strange += [name for name, number in who.items() if number is None]
    notes = [f"its variable {name!r} holds no whole number" for name in strange]
    notes += [f"samples of {said}: cropped to {n}"] if max(counts.values()) > n else []
    return ExerciseFile(
        emg=np.ascontiguousarray(emg[:n]),
        columns=columns,
        subject=who.get("subject") or 0,
        exercise=who.get("exercise") or 0,
        names=content.names,
        checked=content.checked,
        notes=tuple(notes),
    )


def _number(table: np.ndarray) -> int | None:
    """Return the whole number that a table holds, if it does."""
    value = float(table.flat[0]) if table.size else np.nan
    return int(value) if 0 <= value < 1000 and value == int(value) else None


def _check_range(path: str | Path, emg: np.ndarray, checked: bool) -> None:
    """Raise DataError if a value is no number, or no signal's."""
    far = _FARTHEST if checked else _FAR
    # Not a number is never within.
    if emg.size and not -far <= emg.min() <= emg.max() <= far:
        sample, channel = np.argwhere(~(np.abs(emg) <= far))[0]
        remedy = "it was saved so: cut that stretch out" if checked else "download it again"
        raise DataError(
            f"{path}: emg is {emg[sample, channel]:g} at sample {sample}, electrode "
            f"{channel + 1}; {remedy}"
        )


def _column(path: str | Path, column: np.ndarray, name: str) -> np.ndarray:
    """Return one label variable as (sample,) int16, without what is not a number at its end."""
    if min(column.shape) > 1:
        raise DataError(f"{path}: {name} has shape {column.shape}, expected one column")
    column = column.reshape(-1)
    if column.dtype.kind == "f":
        column = column[: np.flatnonzero(~np.isnan(column)).max(initial=-1) + 1]
        if not (column == np.round(column)).all():
            raise DataError(f"{path}: {name} holds values that are not whole numbers; mend them")
    if column.size and not 0 <= column.min() <= column.max() < 1000:
        worst = column.max() if column.max() >= 1000 else column.min()
        raise DataError(f"{path}: {name} holds {worst}, out of range")
    return column.astype(np.int16)

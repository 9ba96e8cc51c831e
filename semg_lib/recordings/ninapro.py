"""Reading NinaPro's files into recordings."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError, DataWarning, check_name
from semg_lib.recordings import files, matlab, registered
from semg_lib.recordings.databases import LABELS, Database, Exercise, database
from semg_lib.recordings.recording import Recording, concatenate, give_rest_a_repetition


@dataclass(frozen=True)
class ExerciseFile:
    """What one exercise file holds, before anything is known about its database.

    Parameters
    ----------
    emg : ndarray (sample, channel), float32
    columns : dict of str to ndarray (sample,), int16
        Those of stimulus, restimulus, repetition and rerepetition that are there.
    subject, exercise : int
        As the file says, 0 if it does not.
    simulated : bool
        Whether it bears the simulator's mark.
    checked : bool
        Whether its bytes bear checksums; where they do not, only what is plausible is believed.
    """

    emg: np.ndarray
    columns: dict[str, np.ndarray]
    subject: int
    exercise: int
    simulated: bool
    checked: bool


MARK = "simulated"  # the variable that the simulator leaves in its files
COLUMNS = ("stimulus", "restimulus", "repetition", "rerepetition")
_FAR = 1e6  # no unit that sEMG is stored in brings it here
_SHORTEST_S = 0.1  # no movement is shorter; a label that is wrong on one sample is
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


def examine(path: str | Path, *, whole: bool = True) -> ExerciseFile:
    """Read one exercise file from its bytes and, unless told otherwise, look at every checksum.

    Raises
    ------
    DataError
        As `read_file`.
    """
    wanted = ("emg", *COLUMNS, "subject", "exercise")
    content = matlab.read(path, wanted, single=("emg",), whole=whole)
    found = content.arrays
    if "emg" not in found:
        raise DataError(f"{path}: no variable 'emg'; not a whole NinaPro file, download it again")
    emg = found["emg"]
    if emg.shape[1] > emg.shape[0]:
        emg = emg.T  # somebody's copy has channels in rows
    emg = np.ascontiguousarray(emg)
    low, high = (emg.min(), emg.max()) if emg.size else (0, 0)
    if not -_FAR <= low <= high <= _FAR:  # not a number is never within
        bad = ~(np.abs(emg) <= _FAR)
        sample, channel = np.argwhere(bad)[0]
        raise DataError(
            f"{path}: emg is {emg[sample, channel]:g} at sample {sample}, electrode "
            f"{channel + 1}; download it again"
        )
    present = [name for name in COLUMNS if name in found]
    one = {name: int(found[name].flat[0]) for name in ("subject", "exercise") if name in found}
    return ExerciseFile(
        emg=emg,
        columns={name: _column(path, found, name, len(emg)) for name in present},
        subject=one.get("subject", 0),
        exercise=one.get("exercise", 0),
        simulated=MARK in content.names,
        checked=content.checked,
    )


def is_simulated(path: str | Path) -> bool:
    """Tell by the simulator's mark whether a file was simulated; its signal is not read.

    Raises
    ------
    DataError
        If it is missing or damaged.
    """
    return MARK in matlab.read(path, ()).names


def _column(path: str | Path, content: dict, name: str, n_samples: int) -> np.ndarray:
    """Return one label variable as (sample,) int16."""
    column = content[name]
    if column.size != n_samples:
        raise DataError(
            f"{path}: {name} has {column.size} samples and emg {n_samples}; download it again"
        )
    column = column.reshape(-1)
    if column.dtype.kind == "f" and not (column == np.round(column)).all():
        raise DataError(f"{path}: {name} holds values that are not whole numbers")
    if column.size and not 0 <= column.min() <= column.max() < 1000:
        worst = column.max() if column.max() >= 1000 else column.min()
        raise DataError(f"{path}: {name} holds {worst}, out of range")
    return column.astype(np.int16)


def implausible(label: np.ndarray, repetition: np.ndarray, rate: float) -> str:
    """Say what no recorded exercise would show, or nothing.

    Whatever moves has a repetition and whatever rests has none, and each repetition of a movement
    is one stretch of some length. One wrong byte in a label breaks one of these.

    Parameters
    ----------
    label, repetition : ndarray (sample,), int
        As stored in one file.
    rate : float
        Samples a second, in hertz.
    """
    odd = np.flatnonzero((label > 0) != (repetition > 0))
    if len(odd):
        at = odd[0]
        return f"label {label[at]} has repetition {repetition[at]} at sample {at}"
    pair = label.astype(np.int32) * 1000 + repetition
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pair)) + 1])
    lengths = np.diff(np.append(starts, len(pair)))
    moving = label[starts] > 0
    starts, lengths = starts[moving], lengths[moving]
    seconds = lengths / rate
    if len(starts) and seconds.min() < _SHORTEST_S:
        at = starts[seconds.argmin()]
        return f"label {label[at]} lasts {1000 * seconds.min():.3g} ms at sample {at}"
    pairs, counts = np.unique(pair[starts], return_counts=True)
    if len(pairs) and counts.max() > 1:
        movement, which = divmod(int(pairs[counts.argmax()]), 1000)
        return f"repetition {which} of label {movement} is there {counts.max()} times"
    return ""


def global_labels(path: Path, label: np.ndarray, exercise: Exercise) -> np.ndarray:
    """Number labels through the database; some releases already do, others begin at 1.

    Parameters
    ----------
    path : path
        Named in errors.
    label : ndarray (sample,), int
        As stored.
    exercise : Exercise

    Raises
    ------
    DataError
        If a label is neither of this exercise nor of the database.
    """
    first, last = exercise.offset + 1, exercise.offset + exercise.n_movements
    movements = label[label > 0]
    if movements.size == 0 or (movements.min() >= first and movements.max() <= last):
        return label
    if movements.max() <= exercise.n_movements:
        return np.where(label > 0, label + exercise.offset, 0).astype(np.int16)
    raise DataError(
        f"{path}: label {movements.max()} is out of range; exercise {exercise.letter} has "
        f"movements 1 to {exercise.n_movements} (or {first} to {last} where labels run on)"
    )


def load_file(
    path: str | Path, database: Database, subject: int, exercise: Exercise, labels: str
) -> Recording:
    """Read one exercise file; see `load`."""
    path = Path(path)
    file = read_file(path)
    expected = database.electrodes(subject)
    if file.emg.shape[1] != expected:
        raise DataError(
            f"{path}: emg has shape {file.emg.shape}, expected (samples, {expected}) for "
            f"{database.name} subject {subject}; check the database and subject"
        )
    if file.subject not in (0, subject):
        _warn(f"{path}: the file says it is of subject {file.subject}, its name {subject}")
    label_name, repetition_name = _available(path, file, labels)
    label, repetition = file.columns[label_name], file.columns[repetition_name]
    if repetition.max(initial=0) > database.n_repetitions:
        raise DataError(
            f"{path}: {repetition_name} holds {repetition.max()}, out of range; "
            f"{database.name} has {database.n_repetitions} repetitions"
        )
    label = global_labels(path, label, exercise)
    if not file.checked and (odd := implausible(label, repetition, database.rate)):
        raise DataError(
            f"{path}: {odd}, and nothing vouches for its bytes; download it again, or save it "
            "compressed if this is what was recorded"
        )
    return Recording(
        emg=file.emg,
        label=label,
        repetition=give_rest_a_repetition(label, repetition),
        exercise=np.full(len(label), exercise.number, np.int8),
        rate=database.rate,
        database=database.name,
        subject=subject,
        simulated=file.simulated,
    )


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)


def _available(path: Path, file: ExerciseFile, labels: str) -> tuple[str, str]:
    """Return the variables that hold the labels asked for, or else the screen's."""
    wanted = LABELS[labels]
    missing = [name for name in wanted if name not in file.columns]
    if not missing:
        return wanted
    instead = LABELS["stimulus"]
    if labels == "stimulus" or any(name not in file.columns for name in instead):
        raise DataError(
            f"{path}: no variable {missing[0]!r}; not a whole NinaPro file, download it again"
        )
    _warn(f"{path}: no variable {missing[0]!r}; the screen's labels (stimulus) are used instead")
    return instead


def load(
    name: str, subject: int, exercises: str, root: str | Path, *, labels: str = "restimulus"
) -> Recording:
    """Load one subject's recording of one or more exercises.

    Parameters
    ----------
    name : str
        ``"db1"``, ``"db2"``, ``"db3"``, or one that was registered; see `databases.register`.
    subject : int
        Subject number, from 1.
    exercises : str
        Letters of the exercises, such as ``"A"`` (DB1) or ``"BCD"`` (DB2, DB3).
    root : path
        Folder that holds the files, at any depth.
    labels : {"restimulus", "stimulus"}
        The labels re-aligned to the EMG, or those of the screen. Where a file lacks the former,
        the latter are used, with a `DataWarning`.

    Returns
    -------
    Recording
        Labels numbered through the database, rest in the repetition of the movement it follows.

    Raises
    ------
    DataError
        If the request or a file cannot be used; the message names file, value and remedy.
    ValueError
        If there are no such labels.
    """
    check_name("labels", labels, LABELS)
    spec = database(name)
    spec.check_subject(subject)
    chosen = spec.exercises_named(exercises)
    if spec.read:
        found = {each.letter: registered.find(root, spec, subject, each) for each in chosen}
        return registered.load(spec, subject, found)
    paths = {each.letter: files.find(root, spec, subject, each) for each in chosen}
    return load_files(paths, spec, subject, labels=labels)


def load_files(
    paths: Mapping[str, Path], database: Database, subject: int, *, labels: str
) -> Recording:
    """Load one subject's recording from files by their exercises' letters; see `load`."""
    parts = [
        load_file(paths[each.letter], database, subject, each, labels)
        for each in database.exercises_named("".join(paths))
    ]
    whole = parts[0] if len(parts) == 1 else concatenate(parts)
    return replace(whole, simulated=any(each.simulated for each in parts))

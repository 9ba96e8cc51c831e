"""Finding and reading the files of data sets that bring a reader of their own; see `databases`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError
from semg_lib.recordings import databases
from semg_lib.recordings.databases import Database, Exercise
from semg_lib.recordings.files import PRIVATE
from semg_lib.recordings.recording import Recording, concatenate, give_rest_a_repetition


def find(root: str | Path, spec: Database, subject: int, exercise: Exercise) -> list[Path]:
    """Find the files of one exercise below a folder, in the order of the numbers in their names.

    Raises
    ------
    DataError
        If the folder or every file is missing, a name without wildcards is there twice, or the
        data set's own ``find`` fails.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; --root names the folder with {spec.name}'s files")
    found = _found(root, spec, subject, exercise)
    name = spec.file_name.format(subject=subject, exercise=exercise.number)
    if not found:
        raise DataError(
            f"{root}: no file {name} (exercise {exercise.letter} of {spec.name} subject {subject})"
        )
    if len(found) > 1 and spec.find is None and not re.search(r"[*?\[]", name):
        places = ", ".join(str(path) for path in found)
        raise DataError(f"{name} is there {len(found)} times ({places}); keep one below --root")
    return found


def _found(root: Path, spec: Database, subject: int, exercise: Exercise) -> list[Path]:
    for folder in root.iterdir():
        if folder.is_dir() and folder.name.lower() == spec.name:
            root = folder  # as with NinaPro's: a folder named after the database decides
    if spec.find is not None:
        try:
            return [Path(path) for path in spec.find(root, subject, exercise)]
        except Exception as error:  # a user's function fails as it likes
            raise DataError(f"{root}: find of {spec.name} failed: {_why(error)}") from error
    name = spec.file_name.format(subject=subject, exercise=exercise.number)
    # What is half unpacked lies in a folder of its own.
    paths = (path for path in root.rglob(name) if PRIVATE not in path.relative_to(root).parts)
    return sorted(filter(Path.is_file, paths), key=_natural)


def _why(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return what sorts session 9 before session 10."""
    return [(int(each or 0), text) for text, each in re.findall(r"(\D+)(\d*)", path.as_posix())]


def read_file(path: Path, spec: Database, subject: int, exercise: Exercise) -> Recording:
    """Read one file by the reader of its data set.

    Raises
    ------
    DataError
        If the reader fails, or what it returns is not of this subject and exercise; the message
        names the file.
    """
    if spec.read is None:
        raise DataError(f"{spec.name} has no reader of its own: its files are NinaPro's")
    try:
        emg, label, repetition = (np.asarray(each) for each in spec.read(path))
    except Exception as error:  # a user's reader fails as it likes
        raise DataError(f"{path}: its reader failed: {_why(error)}") from error
    expected = spec.electrodes(subject)
    if emg.ndim != 2 or emg.shape[1] != expected or not len(emg):
        raise DataError(
            f"{path}: emg has shape {emg.shape}, expected (samples, {expected}) for {spec.name} "
            f"subject {subject}"
        )
    label = _whole(path, "label", label, len(emg), exercise.n_movements)
    repetition = _whole(path, "repetition", repetition, len(emg), spec.n_repetitions)
    if ((label > 0) & (repetition == 0)).any():
        at = int(np.argmax((label > 0) & (repetition == 0)))
        raise DataError(f"{path}: label {label[at]} has no repetition at sample {at}")
    filled = give_rest_a_repetition(label, repetition)
    try:
        return Recording(
            emg=np.ascontiguousarray(emg, np.float32),
            label=np.where(label > 0, label + exercise.offset, 0).astype(np.int16),
            repetition=np.where(repetition > 0, repetition, filled).astype(np.int16),
            exercise=np.full(len(emg), exercise.number, np.int8),
            rate=float(spec.rate),
            database=spec.name,
            subject=subject,
        )
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _whole(path: Path, name: str, column: np.ndarray, n_samples: int, top: int) -> np.ndarray:
    """Return one column as (sample,) int16, of whole numbers from 0 to ``top``."""
    if column.shape != (n_samples,):
        raise DataError(f"{path}: {name} has shape {column.shape}, expected ({n_samples},)")
    if column.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} holds {column.dtype}, expected whole numbers")
    wrong = ~((column == np.round(column)) & (column >= 0) & (column <= top))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError(
            f"{path}: {name} is {column[at]} at sample {at}, expected whole numbers from 0 to {top}"
        )
    return column.astype(np.int16)


def load(spec: Database, subject: int, paths: Mapping[str, Sequence[Path]]) -> Recording:
    """Load one subject's recording from files by their exercises' letters; see `read_file`."""
    return concatenate(
        [
            read_file(path, spec, subject, exercise)
            for exercise in spec.exercises_named("".join(paths))
            for path in paths[exercise.letter]
        ]
    )


@dataclass(frozen=True)
class Claim:
    """Whose file it is by its name: one of the ``n_files`` of a subject's exercise."""

    spec: Database
    subject: int
    exercise: Exercise
    n_files: int


def claims(root: Path) -> dict[Path, list[Claim]]:
    """Return the files below a folder that data sets with readers know by name."""
    found: dict[Path, list[Claim]] = {}
    for spec in databases.registered():
        if spec.read is None:
            continue
        for subject in spec.subjects:
            for exercise in spec.exercises:
                paths = _found(root, spec, subject, exercise)
                for path in paths:
                    claim = Claim(spec, subject, exercise, len(paths))
                    found.setdefault(path, []).append(claim)
    return found

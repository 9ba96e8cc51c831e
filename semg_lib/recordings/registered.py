"""Finding and reading the files of data sets that bring a reader of their own; see `databases`."""

from __future__ import annotations

import functools
import itertools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError, DataWarning
from semg_lib.recordings import databases, electrodes, files
from semg_lib.recordings.databases import Database, Exercise
from semg_lib.recordings.recording import Recording, concatenate, give_rest_a_repetition

MARK = "_simulated."  # in the name of a file that the simulator wrote
KEPT: files.Last[Recording] = files.Last(most=1 << 29, size=lambda each: each.emg.nbytes)


def find(root: str | Path, spec: Database, subject: int, exercise: Exercise) -> list[Path]:
    """Find the files of one exercise below a folder, in the order of the numbers in their names.

    Raises
    ------
    DataError
        If the folder or every file is missing, a file or a recording is there twice, or the data
        set's own ``find`` fails.
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
    if spec.held:
        for one, other in itertools.pairwise(found):
            if spec.held.named(one) == spec.held.named(other):
                raise DataError(f"{one} and {other} are one recording; keep one of them")
    elif len(found) > 1 and spec.find is None and not re.search(r"[*?\[]", name):
        places = ", ".join(str(path) for path in found)
        raise DataError(f"{name} is there {len(found)} times ({places}); keep one below --root")
    return found


def _found(root: Path, spec: Database, subject: int, exercise: Exercise) -> list[Path]:
    if spec.held:
        named = [(spec.held.named(path), path) for path in files.below(root, spec.name)]
        mine = [each for each in named if each[0] and _is_of(each[0], subject, exercise)]
        return [path for _, path in sorted(mine, key=lambda each: (each[0], each[1]))]
    if spec.find is not None:
        root = files.home(root, spec.name)
        try:
            return [Path(path) for path in spec.find(root, subject, exercise)]
        except Exception as error:  # a user's function fails as it likes
            raise DataError(f"{root}: find of {spec.name} failed: {_why(error)}") from error
    name = spec.file_name.format(subject=subject, exercise=exercise.number)
    paths = {path for each in files.folders(root, spec.name) for path in each.glob(name)}
    whole = (path for path in paths if path.is_file() and not path.name.startswith("._"))
    return sorted(whole, key=_natural)


def _is_of(named: tuple[int, int, int], subject: int, exercise: Exercise) -> bool:
    first = max(named[2], 1) - exercise.offset  # rest is of the first exercise
    return named[0] == subject and 1 <= first <= exercise.n_movements


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
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
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
            simulated=MARK in path.name,
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
    parts = []
    for exercise in spec.exercises_named("".join(paths)):
        read = functools.partial(read_file, spec=spec, subject=subject, exercise=exercise)
        for path in paths[exercise.letter]:
            # What a user's reader makes of a file may depend on other files.
            kept = KEPT.get(path, read, (spec.read, subject)) if spec.held else read(path)
            parts.append(kept)
    whole, told = electrodes.checked(concatenate(parts), spec)
    for note in told:
        warnings.warn(f"{spec.name} subject {subject}: {note}", DataWarning, stacklevel=3)
    return replace(whole, simulated=any(each.simulated for each in parts))


@dataclass(frozen=True)
class Claim:
    """Whose file it is by its name: one of the ``n_files`` of a subject's exercise, 0 if many."""

    spec: Database
    subject: int
    exercise: Exercise
    n_files: int


def claims(root: Path) -> dict[Path, list[Claim]]:
    """Return the files below a folder that data sets with readers know by place or name."""
    found: dict[Path, list[Claim]] = {}
    for spec in databases.registered():
        if spec.read is not None:
            for path, claim in _claims(root, spec):
                found.setdefault(path, []).append(claim)
    return found


def _claims(root: Path, spec: Database) -> Iterator[tuple[Path, Claim]]:
    if spec.held:
        for path in files.below(root):
            named = spec.held.named(path)
            if named and named[0] in spec.subjects:
                (exercise,) = (e for e in spec.exercises if _is_of(named, named[0], e))
                yield path, Claim(spec, named[0], exercise, 0)
        return
    for subject in spec.subjects:
        for exercise in spec.exercises:
            paths = _found(root, spec, subject, exercise)
            for path in paths:
                yield path, Claim(spec, subject, exercise, len(paths))

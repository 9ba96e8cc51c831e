"""NinaPro's databases DB1, DB2 and DB3: what they hold, and reading their files.

Facts about the databases: Atzori et al. (2014), Scientific Data 1:140053,
doi:10.1038/sdata.2014.53.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.io

from semg_lib.recording import DataError, Recording, concatenate, give_rest_a_repetition


@dataclass(frozen=True)
class Exercise:
    """One exercise: a block of movements recorded into one file."""

    letter: str  # the papers' name
    number: int  # the number in the file's name
    n_movements: int
    offset: int  # movements of the database before this exercise


@dataclass(frozen=True)
class Database:
    """One NinaPro database."""

    name: str
    rate: float  # Hz
    n_channels: int
    n_subjects: int
    exercises: tuple[Exercise, ...]
    n_repetitions: int
    test_repetitions: tuple[int, ...]  # NinaPro's convention; the others train
    file_name: str
    folder_name: str
    title: str
    channels_of: dict[int, int] = field(default_factory=dict)  # subjects with fewer electrodes
    classes_of: dict[int, int] = field(default_factory=dict)  # subjects with fewer classes

    def exercises_named(self, letters: str) -> tuple[Exercise, ...]:
        """Return the exercises of a string such as ``"A"``, ``"BC"`` or ``"B,C"``.

        Raises
        ------
        DataError
            If a letter names no exercise of this database, or none is named.
        """
        wanted = [letter for letter in letters.upper() if letter not in ", "]
        known = {exercise.letter: exercise for exercise in self.exercises}
        for letter in wanted:
            if letter not in known:
                raise DataError(
                    f"exercise {letter!r} is not in {self.name}: choose from {', '.join(known)}"
                )
        if not wanted:
            raise DataError(f"no exercise named: choose from {', '.join(known)}")
        return tuple(known[letter] for letter in sorted(set(wanted)))

    def check_subject(self, subject: int) -> None:
        """Raise DataError unless the database has this subject."""
        if not 1 <= subject <= self.n_subjects:
            raise DataError(
                f"subject {subject} is not in {self.name}: choose from 1 to {self.n_subjects}"
            )

    def electrodes(self, subject: int) -> int:
        """Return the number of electrodes this subject wore."""
        return self.channels_of.get(subject, self.n_channels)


_DB2_EXERCISES = (Exercise("B", 1, 17, 0), Exercise("C", 2, 23, 17), Exercise("D", 3, 9, 40))

DATABASES = {
    "db1": Database(
        name="db1",
        title="27 intact subjects, 10 Otto Bock MyoBock electrodes, rectified envelopes at 100 Hz",
        rate=100.0,
        n_channels=10,
        n_subjects=27,
        exercises=(Exercise("A", 1, 12, 0), Exercise("B", 2, 17, 12), Exercise("C", 3, 23, 29)),
        n_repetitions=10,
        test_repetitions=(2, 5, 7),
        file_name="S{subject}_A1_E{exercise}.mat",
        folder_name="s{subject}",
    ),
    "db2": Database(
        name="db2",
        title="40 intact subjects, 12 Delsys Trigno electrodes, raw signals at 2 kHz",
        rate=2000.0,
        n_channels=12,
        n_subjects=40,
        exercises=_DB2_EXERCISES,
        n_repetitions=6,
        test_repetitions=(2, 5),
        file_name="S{subject}_E{exercise}_A1.mat",
        folder_name="DB2_s{subject}",
    ),
    "db3": Database(
        name="db3",
        title="11 transradial amputees, 12 Delsys Trigno electrodes, raw signals at 2 kHz",
        rate=2000.0,
        n_channels=12,
        n_subjects=11,
        exercises=_DB2_EXERCISES,
        n_repetitions=6,
        test_repetitions=(2, 5),
        file_name="S{subject}_E{exercise}_A1.mat",
        folder_name="s{subject}",
        channels_of={7: 10, 8: 10},
        classes_of={1: 39, 3: 49, 10: 43},
    ),
}

# What each choice of labels reads: the label re-aligned to the EMG, or the screen's.
LABELS = {
    "restimulus": ("restimulus", "rerepetition"),
    "stimulus": ("stimulus", "repetition"),
}


def database(name: str) -> Database:
    """Return the database of that name.

    Raises
    ------
    DataError
        If there is none.
    """
    try:
        return DATABASES[name.lower()]
    except KeyError:
        raise DataError(f"unknown database {name!r}: choose from {', '.join(DATABASES)}") from None


def find(root: str | Path, database: Database, subject: int, exercise: Exercise) -> Path:
    """Find the file of one exercise below a folder, in any layout and letter case.

    Raises
    ------
    DataError
        If the folder or the file is missing, or several files have its name.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; --root names the folder with NinaPro's files")
    # DB2 and DB3 share file names: a folder named after the database decides.
    for folder in root.iterdir():
        if folder.is_dir() and folder.name.lower() == database.name:
            root = folder
    name = database.file_name.format(subject=subject, exercise=exercise.number)
    found = [p for p in root.rglob("*.[mM][aA][tT]") if p.name.lower() == name.lower()]
    if not found:
        folder = database.folder_name.format(subject=subject)
        raise DataError(
            f"{root}: no file {name} (exercise {exercise.letter} of {database.name} subject "
            f"{subject}); unpack the subject's archive there, as {root / folder / name}"
        )
    if len(found) > 1:
        places = ", ".join(str(p) for p in sorted(found))
        raise DataError(f"{name} is there {len(found)} times ({places}); keep one below --root")
    return found[0]


def _read(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Read the named variables of a MATLAB 5 file."""
    try:
        content = scipy.io.loadmat(path, variable_names=list(names))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except NotImplementedError:
        raise DataError(f"{path}: a MATLAB 7.3 file; save it again with -v6 or -v7") from None
    except MemoryError:
        raise DataError(f"{path}: asks for more memory than there is; download it again") from None
    except Exception as error:  # SciPy raises a dozen kinds on damaged bytes
        with path.open("rb") as file:
            head = file.read(10)
        if head.startswith(b"MATLAB 5.0"):
            problem = "damaged or cut short"
        else:
            problem = f"not a MATLAB 5 file (it begins with {head!r})"
        raise DataError(f"{path}: {problem}; download it again") from error
    for name in names:
        if name not in content:
            raise DataError(
                f"{path}: no variable {name!r}; this is not a whole NinaPro file, download it again"
            )
    return content


def _column(path: Path, content: dict, name: str, n_samples: int) -> np.ndarray:
    """Return one label variable as (sample,) int16."""
    column = np.asarray(content[name])
    if column.size != n_samples:
        raise DataError(
            f"{path}: {name} has {column.size} samples and emg {n_samples}; download it again"
        )
    column = column.reshape(-1)
    if not np.isfinite(column).all() or (column != np.round(column)).any():
        raise DataError(f"{path}: {name} holds values that are not whole numbers")
    if column.size and not 0 <= column.min() <= column.max() < 1000:
        worst = column.max() if column.max() >= 1000 else column.min()
        raise DataError(f"{path}: {name} holds {worst}, out of range")
    return column.astype(np.int16)


def _global_labels(path: Path, label: np.ndarray, exercise: Exercise) -> np.ndarray:
    """Number labels through the database; some releases already do, others begin at 1."""
    first, last = exercise.offset + 1, exercise.offset + exercise.n_movements
    movements = label[label > 0]
    if movements.size == 0 or (movements.min() >= first and movements.max() <= last):
        return label
    if movements.max() <= exercise.n_movements:
        return np.where(label > 0, label + exercise.offset, 0).astype(np.int16)
    raise DataError(
        f"{path}: label {movements.max()} is out of range; exercise {exercise.letter} has movements "
        f"1 to {exercise.n_movements} (or {first} to {last} where labels run on)"
    )


def load_file(path: str | Path, database: Database, subject: int, exercise: Exercise, labels: str):
    """Read one exercise file into a Recording; see `load`."""
    path = Path(path)
    label_name, repetition_name = LABELS[labels]
    content = _read(path, ("emg", label_name, repetition_name))
    emg = np.asarray(content["emg"])
    expected = database.electrodes(subject)
    if emg.ndim != 2 or emg.shape[1] != expected:
        raise DataError(
            f"{path}: emg has shape {emg.shape}, expected (samples, {expected}) for "
            f"{database.name} subject {subject}; check the database and subject"
        )
    if not np.issubdtype(emg.dtype, np.number) or np.iscomplexobj(emg):
        raise DataError(f"{path}: emg holds {emg.dtype}, not real numbers; download it again")
    emg = np.ascontiguousarray(emg, dtype=np.float32)
    if not np.isfinite(emg).all():
        sample, channel = np.argwhere(~np.isfinite(emg))[0]
        raise DataError(
            f"{path}: emg is {emg[sample, channel]} at sample {sample}, electrode {channel + 1}; "
            "download it again"
        )
    label = _column(path, content, label_name, len(emg))
    label = _global_labels(path, label, exercise)
    repetition = _column(path, content, repetition_name, len(emg))
    if repetition.max(initial=0) > database.n_repetitions:
        raise DataError(
            f"{path}: {repetition_name} holds {repetition.max()}, out of range; "
            f"{database.name} has {database.n_repetitions} repetitions"
        )
    return Recording(
        emg=emg,
        label=label,
        repetition=give_rest_a_repetition(label, repetition),
        exercise=np.full(len(emg), exercise.number, np.int8),
        rate=database.rate,
        database=database.name,
        subject=subject,
    )


def load(
    name: str,
    subject: int,
    exercises: str,
    root: str | Path,
    *,
    labels: str = "restimulus",
) -> Recording:
    """Load one subject's recording of one or more exercises.

    Parameters
    ----------
    name : str
        ``"db1"``, ``"db2"`` or ``"db3"``.
    subject : int
        Subject number, from 1.
    exercises : str
        Letters of the exercises, such as ``"A"`` (DB1) or ``"BCD"`` (DB2, DB3).
    root : path
        Folder that holds the ``.mat`` files, at any depth.
    labels : {"restimulus", "stimulus"}
        The labels re-aligned to the EMG, or those of the screen.

    Returns
    -------
    Recording
        Labels numbered through the database, rest in the repetition of the movement it follows.

    Raises
    ------
    DataError
        If the request or a file cannot be used; the message names file, value and remedy.
    """
    spec = database(name)
    spec.check_subject(subject)
    if labels not in LABELS:
        raise DataError(f"unknown labels {labels!r}: choose from {', '.join(LABELS)}")
    parts = []
    for exercise in spec.exercises_named(exercises):
        path = find(root, spec, subject, exercise)
        parts.append(load_file(path, spec, subject, exercise, labels))
    return concatenate(parts)

"""Reading NinaPro's files into recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.io

from semg_lib.databases import LABELS, Database, Exercise, database
from semg_lib.recording import DataError, Recording, concatenate, give_rest_a_repetition


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
                f"{path}: no variable {name!r}; not a whole NinaPro file, download it again"
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
    if column.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} holds {column.dtype}, not whole numbers")
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
        f"{path}: label {movements.max()} is out of range; exercise {exercise.letter} has "
        f"movements 1 to {exercise.n_movements} (or {first} to {last} where labels run on)"
    )


def load_file(
    path: str | Path, database: Database, subject: int, exercise: Exercise, labels: str
) -> Recording:
    """Read one exercise file; see `load`."""
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

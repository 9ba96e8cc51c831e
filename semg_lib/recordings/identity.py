"""Whose recording a file of NinaPro's kind is: what it holds says so first, place and name second.

DB4 and DB5 are of Pizzolato et al. (2017), PLoS ONE 12:e0186132; DB7 is of Krasoulis et al. (2017),
Frontiers in Neuroscience 11:446.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError
from semg_lib.recordings import files, stored
from semg_lib.recordings.databases import DATABASES, Database, Exercise, known
from semg_lib.recordings.movements import CODES, FORCES
from semg_lib.recordings.registered import Claim
from semg_lib.recordings.stored import ExerciseFile

_ASKED_S = 5.0  # how long the screen asks for a movement
_NAME = re.compile(r"s(\d+)_(?:a\d+_e(\d+)|e(\d+)_a\d+)", re.IGNORECASE)


_ABC = (Exercise("A", 1, 12), Exercise("B", 2, 17, 12), Exercise("C", 3, 23, 29))
_DB7 = (Exercise("A", 1, 17), Exercise("B", 2, 23, 17))  # DB2's movements
_DB4 = replace(DATABASES["db2"], name="db4", n_subjects=10, exercises=_ABC)
# Healthy files of these are met among ours. DB7's electrodes hold gyroscopes and magnetometers that
# tell it where they were kept (remembered); else its folder does.
ELSEWHERE = (
    replace(_DB4, title="12 electrodes at 2 kHz"),
    replace(_DB4, name="db5", title="16 electrodes at 200 Hz", rate=200.0, n_channels=16),
    replace(_DB4, name="db7", title="12 electrodes at 2 kHz", n_subjects=22, exercises=_DB7),
)


def named(path: Path) -> tuple[int, int]:
    """Return the subject and the number of the exercise that a file's name says, or zeros."""
    found = _NAME.fullmatch(path.stem)
    return (int(found[1]), int(found[2] or found[3])) if found else (0, 0)


def of(path: Path, file: ExerciseFile) -> list[Claim]:
    """Return what a file can be: of all that its labels and electrodes allow, the most likely.

    Several are equally so where nothing tells DB2 from DB3. Those of `ELSEWHERE` are returned only
    if none of ours is. Where the signal was not read, electrodes are not asked.
    """
    label, said, seconds = _label(file), named(path), _asked(file) / _ASKED_S
    moved = {*np.unique(label[label > 0]).tolist()}
    repetitions = (file.columns.get(each, label[:0]) for each in ("repetition", "rerepetition"))
    last = max(each.max(initial=0) for each in repetitions)
    ours = [spec for spec in known().values() if spec.read is None]
    alike = {
        spec.name: spec
        for spec in [*(() if file.simulated else ELSEWHERE), *ours]
        if file.emg.shape[1] in {0, spec.n_channels, *spec.channels_of.values()}
        and 0.1 < seconds / spec.rate < 4
        and {file.subject, said[0]} & {*spec.subjects}
    }
    ranked: dict[tuple[int, ...], list[Claim]] = {}
    for spec, exercise in [(s, each) for s in alike.values() for each in s.exercises]:
        own = {*range(1, exercise.n_movements + 1)}
        numberings = [own, {each + exercise.offset for each in own}]
        numberings += [{*CODES}] if exercise.names == FORCES else []
        votes = 2 * (moved in numberings) + 3 * (exercise.number == file.exercise)
        votes += 2 * (exercise.number == said[1])
        if votes and any(moved <= each for each in numberings):
            is_own = file.subject in spec.subjects
            rank = (  # what comes first decides first
                is_own,
                spec.name == "db7" or not {"gyro", "mag"} & {*file.names},
                0.5 < seconds / spec.rate < 2,
                last <= spec.n_repetitions,
                votes,
                spec.name == _hint(path, {*alike}),
                spec not in ELSEWHERE,
            )
            claim = Claim(spec, file.subject if is_own else said[0], exercise, 1)
            ranked.setdefault(rank, []).append(claim)
    return ranked[max(ranked)] if ranked else []


def told(file: ExerciseFile, claims: list[Claim]) -> str:
    """Return in words what a file is by its claims."""
    if not claims:
        return (
            f"of no database known here: {file.emg.shape[1]} electrodes, movements of "
            f"{_asked(file)} samples, labels up to {_label(file).max()}, subject "
            f"{file.subject or 'unknown'}"
        )
    words = [f"{c.spec.name}, exercise {c.exercise.letter} ({c.spec.title})" for c in claims]
    return " or ".join(words)


def _label(file: ExerciseFile) -> np.ndarray:
    """Return the screen's labels where they are there."""
    return file.columns["stimulus" if "stimulus" in file.columns else "restimulus"]


def _asked(file: ExerciseFile) -> int:
    """Return how many samples a movement lasts, in the median."""
    change = np.diff(np.concatenate([[0], _label(file) > 0, [0]]).astype(np.int8))
    lengths = np.flatnonzero(change == -1) - np.flatnonzero(change == 1)
    return int(np.median(lengths)) if len(lengths) else 0


def _hint(path: Path, names: set[str]) -> str:
    """Return which of some databases the file's name, or the nearest folder, is called after."""
    for part in reversed(path.absolute().parts):
        found = [each for each in names if re.search(rf"{each}(?![a-z0-9])", part.lower())]
        if len(found) == 1:
            return found[0]
    return ""


# What files were found to be: database, subject and exercise, by the databases known then.
_KEPT: files.Last[set[tuple[str, int, str]]] = files.Last(most=1 << 16, size=lambda _: 1)


def _peek(path: Path) -> set[tuple[str, int, str]]:
    """Return what a file can be by all it holds but its signal; nothing if it cannot be read."""
    try:
        claims = of(path, stored.examine(path, whole=False, signal=False))
    except DataError:
        return set()
    return {(each.spec.name, each.subject, each.exercise.letter) for each in claims}


def find(root: str | Path, spec: Database, subject: int, exercise: Exercise) -> Path:
    """Find the file of one exercise below a folder: by its name, and else by what it holds.

    Dryad gives DB2's and DB3's files the names of DB1's. Where several files have one name, those
    that hold something else are passed over.

    Raises
    ------
    DataError
        If the folder or the file is missing, or there are several.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; --root names the folder with NinaPro's files")
    name = spec.file_name.format(subject=subject, exercise=exercise.number)
    # DB2 and DB3 share file names: a folder named after the database decides.
    found = files.below(root, spec.name, name)
    if len(found) != 1:
        may_be = [(0, 0), (subject, exercise.number)]
        every = found or [p for p in files.below(root, spec.name) if named(p) in may_be]
        mats = [path for path in every if path.suffix.lower() == ".mat"]
        asked = spec.name, subject, exercise.letter
        found = [each for each in mats if asked in _KEPT.get(each, _peek, tuple(known()))] or found
    if not found:
        home, own = files.home(root, spec.name), spec.folder_name.format(subject=subject)
        raise DataError(
            f"{home}: no file {name} (exercise {exercise.letter} of {spec.name} subject "
            f"{subject}); unpack the subject's archive there, as {home / own / name}"
        )
    if len(found) > 1:
        places = ", ".join(str(p) for p in sorted(found))
        raise DataError(f"{name} is there {len(found)} times ({places}); keep one below --root")
    return found[0]

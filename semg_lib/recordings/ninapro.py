"""Reading NinaPro's files into recordings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError, DataWarning, check_name
from semg_lib.recordings import databases, electrodes, identity, registered
from semg_lib.recordings.databases import LABELS, Database, Exercise, database
from semg_lib.recordings.movements import CODES, FORCES
from semg_lib.recordings.recording import Recording, concatenate, give_rest_a_repetition
from semg_lib.recordings.registered import Claim
from semg_lib.recordings.stored import ExerciseFile, read_file

_SHORTEST_S = 0.1  # no movement is shorter; a label that is wrong on one sample is
VARIABLE = "SEMG_FORCE_CODES"  # the order of the codes as movements 41 to 49; not mapped if unset


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


def global_labels(
    path: Path, label: np.ndarray, exercise: Exercise, screen: np.ndarray | None = None
) -> np.ndarray:
    """Number labels through the database; some releases already do, others begin at 1.

    Exercise D's codes of fingers are numbered if `VARIABLE` gives their order.

    Parameters
    ----------
    path : path
        Named in errors.
    label : ndarray (sample,), int
        As stored.
    exercise : Exercise
    screen : ndarray (sample,), int, optional
        The screen's labels, whose numbers tell the order of codes.

    Raises
    ------
    DataError
        If a label is neither of this exercise nor of the database, or a code of unknown order.
    """
    first, last = exercise.offset + 1, exercise.offset + exercise.n_movements
    movements = label[label > 0]
    if movements.size == 0 or (movements.min() >= first and movements.max() <= last):
        return label
    if movements.max() <= exercise.n_movements:
        return np.where(label > 0, label + exercise.offset, 0).astype(np.int16)
    if exercise.names == FORCES and {*movements.tolist()} <= {*CODES}:
        order = [int(each) for each in os.environ.get(VARIABLE, "").split(",") if each.isdigit()]
        if sorted(order) == sorted(CODES):
            number = np.zeros(max(CODES) + 1, np.int16)
            number[order] = np.arange(first, last + 1)
            return number[label]
        shown = _shown(label, screen)
        source = "the order on the screen here" if shown else "an order that is remembered (R)"
        raise DataError(
            f"{path}: labels to {movements.max()} are codes of fingers, no numbers of movements "
            "(1 little, 2 ring, 4 middle, 8 index finger, 16 and 32 thumb, and sums of two); "
            f"{VARIABLE}={','.join(map(str, shown or CODES))} takes them as movements {first} to "
            f"{last}, in {source}"
        )
    raise DataError(
        f"{path}: label {movements.max()} is out of range; exercise {exercise.letter} has "
        f"movements 1 to {exercise.n_movements} (or {first} to {last} where labels run on)"
    )


def _shown(label: np.ndarray, screen: np.ndarray | None) -> list[int]:
    """Return the codes in the order of the screen's numbers; none if they do not tell it."""
    if screen is None or not {*CODES} <= {*label.tolist()}:
        return []
    number = {code: int(np.bincount(screen[label == code]).argmax()) for code in CODES}
    first = min(number.values())
    told = first > 0 and {*number.values()} == {*range(first, first + len(CODES))}
    return sorted(CODES, key=number.__getitem__) if told else []


def as_recording(path: Path, file: ExerciseFile, claim: Claim, labels: str) -> Recording:
    """Make a recording of what a file holds, if it can be that exercise; see `load`."""
    database, subject, exercise = claim.spec, claim.subject, claim.exercise
    usual, n_channels = database.electrodes(subject), file.emg.shape[1]
    if n_channels not in {usual, database.n_channels, *database.channels_of.values()}:
        raise DataError(
            f"{path}: emg has shape {file.emg.shape}, expected (samples, {usual}) for "
            f"{database.name} subject {subject}; check the database and subject"
        )
    label, repetition, instead = numbered(path, file, database, exercise, labels)
    claims = identity.of(path, file)
    ours = database not in databases.registered()  # of others their users know what they are
    if ours and exercise not in [each.exercise for each in claims]:
        raise DataError(
            f"{path}: by what it holds and where it lies it is {identity.told(file, claims)}; "
            f"that is not {database.name} exercise {exercise.letter}"
        )
    notes = [*file.notes, *instead]
    if n_channels != usual:
        notes.append(f"emg has {n_channels} electrodes, subject {subject} is known to {usual}")
    if file.subject not in (0, subject):
        notes.append(f"the file says it is of subject {file.subject}, its name {subject}")
    if file.exercise not in (0, exercise.number):
        notes.append(f"it says it is exercise {file.exercise}, it is taken as {exercise.number}")
    if not file.checked and (odd := implausible(label, repetition, database.rate)):
        raise DataError(
            f"{path}: {odd}, and nothing vouches for its bytes; download it again, or save it "
            "compressed if this is what was recorded"
        )
    recording = Recording(
        emg=file.emg,
        label=label,
        repetition=give_rest_a_repetition(label, repetition),
        exercise=np.full(len(label), exercise.number, np.int8),
        rate=database.rate,
        database=database.name,
        subject=subject,
        simulated=file.simulated,
    )
    recording, unusual = electrodes.checked(recording, database)
    for note in [*notes, *unusual]:
        warnings.warn(f"{path}: {note}", DataWarning, stacklevel=4)
    return recording


def numbered(
    path: Path, file: ExerciseFile, database: Database, exercise: Exercise, labels: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the labels asked for, numbered, or else the screen's, repetitions, and what to note.

    Raises
    ------
    DataError
        If they are not there, show no movement, or are not of the exercise.
    """
    names, notes = LABELS[labels], []
    if lacking := [name for name in names if name not in file.columns]:
        names = LABELS["stimulus"]
        if not {*names} <= {*file.columns}:
            raise DataError(f"{path}: no variable {lacking[0]!r}; not a whole NinaPro file")
        notes = [f"no variable {lacking[0]!r}; the screen's labels (stimulus) are used instead"]
    label, repetition = (file.columns[name] for name in names)
    if repetition.max() > database.n_repetitions:
        raise DataError(
            f"{path}: {names[1]} holds {repetition.max()}, out of range; "
            f"{database.name} has {database.n_repetitions} repetitions"
        )
    if not label.any():
        raise DataError(f"{path}: {names[0]} holds no movement, only rest; get the original")
    label = global_labels(path, label, exercise, file.columns.get("stimulus"))
    return label, repetition, notes


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
    paths = {each.letter: identity.find(root, spec, subject, each) for each in chosen}
    return load_files(paths, spec, subject, labels=labels)


def load_files(
    paths: Mapping[str, Path], database: Database, subject: int, *, labels: str
) -> Recording:
    """Load one subject's recording from files by their exercises' letters; see `load`."""
    parts = [
        as_recording(path, read_file(path), Claim(database, subject, each, 1), labels)
        for each in database.exercises_named("".join(paths))
        for path in [paths[each.letter]]
    ]
    whole = parts[0] if len(parts) == 1 else concatenate(parts)
    return replace(whole, simulated=any(each.simulated for each in parts))

"""Databases: what each holds and how its files are named; NinaPro's, and those of users.

NinaPro's facts: Atzori et al. (2014), Scientific Data 1:140053, doi:10.1038/sdata.2014.53.

`register` makes another data set known. The ``semg`` command, and the notebooks and workers that
it starts, learn of it from the Python files that ``SEMG_DATABASES`` names.
"""

from __future__ import annotations

import os
import runpy
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from numpy.typing import ArrayLike

from semg_lib.errors import DataError
from semg_lib.recordings.contradictions import contradictions
from semg_lib.recordings.held import Held
from semg_lib.recordings.movements import FINGERS, FORCES, GRASPS, POSTURES

VARIABLE = "SEMG_DATABASES"  # Python files that register, as PATH separates its folders


@dataclass(frozen=True)
class Exercise:
    """One exercise: a block of movements recorded into one file."""

    letter: str  # the papers' name
    number: int  # the number in the file's name
    n_movements: int
    offset: int = 0  # movements of the database before this exercise
    names: tuple[str, ...] = ()  # what its movements are called, in their order


Reader = Callable[[Path], tuple[ArrayLike, ArrayLike, ArrayLike]]
Finder = Callable[[Path, int, Exercise], Sequence[Path]]


@dataclass(frozen=True, kw_only=True)
class Database:
    """What a data set holds, and how its files are found and read.

    Parameters
    ----------
    name : str
        What it is called on the command line: lower-case letters, digits and underscores.
    title : str
        What it is, in one line.
    rate : float
        Samples a second, in hertz.
    raw : bool
        Whether it holds raw signals; envelopes if not. A paper takes one or the other.
    n_channels, n_subjects, n_repetitions : int
        Subjects and repetitions are numbered from 1.
    exercises : tuple of Exercise
        A data set that is not divided has one.
    test_repetitions : tuple of int
        Held out; the others train.
    sessions : bool
        Whether a repetition is a recording session of its own.
    held : Held, optional
        Given where each movement is held through a file of its own; the simulator then makes a
        look-alike.
    file_name : str
        Name of a subject's file, with ``{subject}`` and the exercise's number ``{exercise}`` in
        it, such as ``"subject{subject:02d}.csv"``. With a ``read`` of its own it may stand for many
        files, ``"Participant{subject}/*/EMG/*.txt"``.
    folder_name : str
        The folder that a subject's archive is unpacked into.
    channels_of, classes_of : dict of int to int
        Electrodes of subjects with fewer, and classes (rest is one) of subjects with fewer.
    read : callable, optional
        Reads one file: takes its path and returns the signal (sample, channel), and the label and
        the repetition of every sample, (sample,). Labels are numbered from 1 through the
        exercise; 0 is rest. Rest with repetition 0 gets that of the movement it follows. A file
        is one of NinaPro's, in MATLAB's format, if not given.
    find : callable, optional
        Finds the files of a subject's exercise where no ``file_name`` can say it: takes folder,
        subject and exercise and returns paths, none if there are none.
    citation, licence : str
        Shown by ``semg verify``, with the ``cautions``.
    cautions : tuple of str
        What a user of the data must know.
    """

    name: str
    title: str
    rate: float
    raw: bool
    n_channels: int
    n_subjects: int
    n_repetitions: int
    exercises: tuple[Exercise, ...]
    test_repetitions: tuple[int, ...]
    file_name: str = ""
    sessions: bool = False
    held: Held | None = None
    folder_name: str = ""
    channels_of: dict[int, int] = field(default_factory=dict)
    classes_of: dict[int, int] = field(default_factory=dict)
    read: Reader | None = None
    find: Finder | None = None
    citation: str = ""
    licence: str = ""
    cautions: tuple[str, ...] = ()

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

    def movement(self, label: int) -> str:
        """Return what a label, numbered through the database, is called."""
        for each in self.exercises:
            if each.names and each.offset < label <= each.offset + each.n_movements:
                return each.names[label - each.offset - 1]
        return f"movement {label}" if label else "rest"

    @property
    def subjects(self) -> range:
        """All subjects' numbers."""
        return range(1, self.n_subjects + 1)

    def check_subject(self, subject: int) -> None:
        """Raise DataError unless the database has this subject."""
        if subject not in self.subjects:
            raise DataError(
                f"subject {subject} is not in {self.name}: choose from 1 to {self.n_subjects}"
            )

    def electrodes(self, subject: int) -> int:
        """Return the number of electrodes this subject wore."""
        return self.channels_of.get(subject, self.n_channels)


_DB2_EXERCISES = (
    Exercise("B", 1, 17, 0, POSTURES),
    Exercise("C", 2, 23, 17, GRASPS),
    Exercise("D", 3, 9, 40, FORCES),
)

DATABASES = {
    "db1": Database(
        name="db1",
        title="27 intact subjects, 10 Otto Bock MyoBock electrodes, rectified envelopes at 100 Hz",
        rate=100.0,
        raw=False,
        n_channels=10,
        n_subjects=27,
        exercises=(
            Exercise("A", 1, 12, 0, FINGERS),
            Exercise("B", 2, 17, 12, POSTURES),
            Exercise("C", 3, 23, 29, GRASPS),
        ),
        n_repetitions=10,
        test_repetitions=(2, 5, 7),
        file_name="S{subject}_A1_E{exercise}.mat",
        folder_name="s{subject}",
    ),
    "db2": Database(
        name="db2",
        title="40 intact subjects, 12 Delsys Trigno electrodes, raw signals at 2 kHz",
        rate=2000.0,
        raw=True,
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
        raw=True,
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

_NINAPRO = frozenset(DATABASES)
_learnt: set[Path] = set()


def database(name: str) -> Database:
    """Return the database of that name.

    Raises
    ------
    DataError
        If there is none.
    """
    everything = known()
    if name.lower() not in everything:
        raise DataError(f"unknown database {name!r}: choose from {', '.join(everything)}")
    return everything[name.lower()]


def known() -> dict[str, Database]:
    """Return all databases by name: NinaPro's, and those that were registered.

    Raises
    ------
    DataError
        If a file that ``SEMG_DATABASES`` names cannot be run.
    """
    named = filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))
    for path in (Path(each).expanduser().resolve() for each in named):
        if path not in _learnt:
            _learn(path)
    return DATABASES


def registered() -> list[Database]:
    """Return the databases that are not NinaPro's DB1, DB2 or DB3; see `known` for errors."""
    return [spec for name, spec in known().items() if name not in _NINAPRO]


def _learn(path: Path) -> None:
    """Run a file that registers databases; what it did is undone if it fails."""
    before = dict(DATABASES)
    _learnt.add(path)  # already now: the file may ask for a database itself
    try:
        runpy.run_path(str(path))
    except (Exception, SystemExit) as error:  # whatever a user's file does, it is one line
        _learnt.discard(path)
        DATABASES.clear()
        DATABASES.update(before)
        frames = traceback.extract_tb(error.__traceback__)
        lines = [each.lineno for each in frames if each.filename == str(path)]
        where = f"{path}, line {lines[-1]}" if lines else f"{path}"
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"{where}: {why}; mend it, or leave it out of {VARIABLE}") from error


def movements_done(spec: Database, subject: int) -> int:
    """Return how many movements of the database this subject did.

    Which movements the amputees left out is not known; leaving out the last ones is assumed.
    """
    everything = sum(each.n_movements for each in spec.exercises)
    return spec.classes_of.get(subject, everything + 1) - 1


def register(database: Database) -> None:
    """Make a data set known to everything that takes a database's name.

    Raises
    ------
    DataError
        If the name is taken, or values of the database contradict each other.
    """
    if database.name in DATABASES:
        raise DataError(f"the name {database.name!r} is taken: choose another")
    for bad in contradictions(database):
        raise DataError(f"{database.name}: {bad}")
    DATABASES[database.name] = database

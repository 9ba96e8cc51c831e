"""NinaPro's databases DB1, DB2 and DB3: what they hold and how their files are named.

Facts: Atzori et al. (2014), Scientific Data 1:140053, doi:10.1038/sdata.2014.53.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from semg_lib.errors import DataError


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


def movements_done(spec: Database, subject: int) -> int:
    """Return how many movements of the database this subject did.

    Which movements the amputees left out is not known; leaving out the last ones is assumed.
    """
    everything = sum(each.n_movements for each in spec.exercises)
    return spec.classes_of.get(subject, everything + 1) - 1

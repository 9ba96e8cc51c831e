"""Where a run's recordings come from: a data set's files below a folder, or the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semg_lib.errors import DataError, check_name
from semg_lib.recordings import (
    databases,
    identity,
    matlab,
    ninapro,
    registered,
    simulator,
    stored,
)
from semg_lib.recordings.recording import Recording


@dataclass(frozen=True)
class Source:
    """One database's recordings.

    Parameters
    ----------
    database : str
        ``"db1"``, ``"db2"``, ``"db3"``, or one that was registered; see `databases.register`.
    exercises : str
        Letters, such as ``"A"`` or ``"BCD"``.
    root : str
        Folder with its files; the simulator's recordings if empty.

    Raises
    ------
    DataError
        If the database or an exercise is unknown.
    """

    database: str
    exercises: str
    root: str = ""

    def __post_init__(self) -> None:
        databases.database(self.database).exercises_named(self.exercises)

    def load(
        self,
        subject: int,
        *,
        labels: str = "restimulus",
        repetitions: Sequence[int] = (),
    ) -> Recording:
        """Load one subject; see `ninapro.load`. Files that were simulated say so.

        A data set with a reader of its own has one kind of labels, whichever are asked for.

        Raises
        ------
        DataError
            If a file cannot be used, or one of the ``repetitions`` asked for is not in it.
        ValueError
            If there are no such labels.
        """
        check_name("labels", labels, databases.LABELS)
        if not self.root:
            done = self._done(subject)
            return simulator.simulate(self.database, subject, done, labels=labels)
        spec, paths = databases.database(self.database), self.files(subject)
        if spec.read:
            recording = registered.load(spec, subject, paths)
        else:
            single = {letter: path for letter, (path,) in paths.items()}
            recording = ninapro.load_files(single, spec, subject, labels=labels)
        present = set(recording.repetition[recording.label > 0].tolist())
        for repetition in repetitions:
            if repetition not in present:
                named = [str(path) for each in paths.values() for path in each]
                more = f" and {len(named) - 3} more" if len(named) > 3 else ""
                raise DataError(
                    f"{', '.join(named[:3])}{more}: repetition {repetition} is not there, only "
                    f"{sorted(present)}; download the file again"
                )
        return recording

    def files(self, subject: int) -> dict[str, list[Path]]:
        """Return the subject's files by the letters of their exercises.

        Some amputees of DB3 stopped early: exercises that they are known not to have begun are
        left out.

        Raises
        ------
        DataError
            If there is no such subject, or a file is missing.
        """
        spec = databases.database(self.database)
        spec.check_subject(subject)
        found = {}
        for exercise in spec.exercises_named(self.exercises):
            try:
                if spec.read:
                    found[exercise.letter] = registered.find(self.root, spec, subject, exercise)
                else:
                    found[exercise.letter] = [identity.find(self.root, spec, subject, exercise)]
            except DataError:
                if exercise.letter in self._done(subject):
                    raise
        return found

    def _done(self, subject: int) -> str:
        """Return the letters of the exercises that the subject did."""
        spec = databases.database(self.database)
        spec.check_subject(subject)
        chosen = spec.exercises_named(self.exercises)
        done = databases.movements_done(spec, subject)
        letters = "".join(each.letter for each in chosen if each.offset < done)
        if not letters:
            raise DataError(
                f"{spec.name} subject {subject} did {done} movements, none of exercise "
                f"{self.exercises}; choose another"
            )
        return letters

    def simulated(self, subject: int) -> bool:
        """Tell whether this subject was simulated, by the mark that the simulator leaves."""
        if not self.root:
            return True
        if databases.database(self.database).read:  # only NinaPro's files have a place for a mark
            every = self.files(subject).values()
            return any(registered.MARK in path.name for paths in every for path in paths)
        paths = [path for (path,) in self.files(subject).values()]
        return any(stored.MARK in matlab.read(path, ()).names for path in paths)

    def __str__(self) -> str:
        kind = f"files below {Path(self.root).name}" if self.root else "simulated recordings"
        return f"{self.database.upper()}, exercises {self.exercises}: {kind}"


def available(database: str, exercises: str, root: str | Path) -> list[int]:
    """Return the subjects whose files are below a folder."""
    spec = databases.database(database)
    found = []
    for subject in range(1, spec.n_subjects + 1):
        try:
            Source(database, exercises, str(root)).files(subject)
        except DataError:
            continue
        found.append(subject)
    return found

"""Where a run's recordings come from: NinaPro's files below a folder, or the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import scipy.io

from semg_lib import databases, ninapro, synthetic
from semg_lib.recording import DataError, Recording


@dataclass(frozen=True)
class Source:
    """One database's recordings.

    Parameters
    ----------
    database : str
        ``"db1"``, ``"db2"`` or ``"db3"``.
    exercises : str
        Letters, such as ``"A"`` or ``"BCD"``.
    root : str
        Folder with NinaPro's files; the simulator's recordings if empty.

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

        Raises
        ------
        DataError
            If a file cannot be used, or one of the ``repetitions`` asked for is not in it.
        """
        if not self.root:
            return synthetic.simulate(self.database, subject, self.exercises, labels=labels)
        recording = ninapro.load(self.database, subject, self.exercises, self.root, labels=labels)
        present = set(recording.repetition[recording.label > 0].tolist())
        for repetition in repetitions:
            if repetition not in present:
                raise DataError(
                    f"{', '.join(map(str, self._paths(subject)))}: repetition {repetition} is not "
                    f"there, only {sorted(present)}; download the file again"
                )
        return replace(recording, simulated=self.simulated(subject))

    def _paths(self, subject: int) -> list[Path]:
        spec = databases.database(self.database)
        return [
            ninapro.find(self.root, spec, subject, exercise)
            for exercise in spec.exercises_named(self.exercises)
        ]

    def simulated(self, subject: int) -> bool:
        """Tell whether this subject was simulated, by the mark that `synthetic` leaves."""
        if not self.root:
            return True
        return any(_marked(path) for path in self._paths(subject))

    def __str__(self) -> str:
        kind = f"files below {Path(self.root).name}" if self.root else "simulated recordings"
        return f"{self.database.upper()}, exercises {self.exercises}: {kind}"


def _marked(path: Path) -> bool:
    """Tell whether a file bears the simulator's mark; a file that is damaged does not."""
    try:
        return any(name == "simulated" for name, _, _ in scipy.io.whosmat(path))
    except Exception:  # loading it says what is wrong, and SciPy raises a dozen kinds
        return False

"""Where a run's recordings come from: NinaPro's files below a folder, or the simulator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import scipy.io

from semg_lib import databases, ninapro, synthetic
from semg_lib.recording import Recording


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

    def load(self, subject: int, *, labels: str = "restimulus") -> Recording:
        """Load one subject; see `ninapro.load`. Files that were simulated say so."""
        if not self.root:
            return synthetic.simulate(self.database, subject, self.exercises, labels=labels)
        recording = ninapro.load(self.database, subject, self.exercises, self.root, labels=labels)
        return replace(recording, simulated=self.simulated(subject))

    def simulated(self, subject: int) -> bool:
        """Tell whether this subject was simulated, by the mark that `synthetic` leaves."""
        if not self.root:
            return True
        spec = databases.database(self.database)
        return any(
            _marked(ninapro.find(self.root, spec, subject, exercise))
            for exercise in spec.exercises_named(self.exercises)
        )

    def __str__(self) -> str:
        kind = f"files below {Path(self.root).name}" if self.root else "simulated recordings"
        return f"{self.database.upper()}, exercises {self.exercises}: {kind}"


def _marked(path: Path) -> bool:
    """Tell whether a file bears the simulator's mark; a file that is damaged does not."""
    try:
        return any(name == "simulated" for name, _, _ in scipy.io.whosmat(path))
    except Exception:  # loading it says what is wrong, and SciPy raises a dozen kinds
        return False

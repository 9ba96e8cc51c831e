"""What is known about one file that was looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Finding:
    """What is known about one file.

    Parameters
    ----------
    path : Path
        Below the folder that was looked through.
    database, exercise : str
        ``"db1"`` and ``"A"``; empty if unknown, ``"db2 or db3"`` if that cannot be told.
    subject : int
        0 if unknown.
    label, movement, repetition, session
        Of a file that holds one held movement; the session is 0 if a repetition is none.
    seconds : float
    simulated : bool
    broken, suspicious : list of str
        Reasons, none for a file that is ok.
    """

    path: Path
    database: str = ""
    subject: int = 0
    exercise: str = ""
    label: int | None = None
    movement: str = ""
    repetition: int = 0
    session: int = 0
    seconds: float = 0.0
    simulated: bool = False
    broken: list[str] = field(default_factory=list)
    suspicious: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """``"ok"``, ``"suspicious"`` or ``"broken"``."""
        return "broken" if self.broken else "suspicious" if self.suspicious else "ok"

    @property
    def reasons(self) -> list[str]:
        """Everything that is wrong, the worst first."""
        return [*self.broken, *self.suspicious]

    @property
    def content(self) -> str:
        """Whose recording of what it is, in words."""
        if not self.database:
            return "unknown"
        words = [f"{self.database} subject {self.subject}" if self.subject else self.database]
        words += [f"exercise {self.exercise}"] if self.exercise and not self.movement else []
        if self.movement:
            which = f"session {self.session}" if self.session else f"repetition {self.repetition}"
            words += [self.movement, which]
        return ", ".join(words) + (" (simulated)" if self.simulated else "")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        own = asdict(self)
        del own["broken"], own["suspicious"]
        return own | {
            "path": self.path.as_posix(),
            "status": self.status,
            "reasons": self.reasons,
        }

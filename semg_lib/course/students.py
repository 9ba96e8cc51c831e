"""What the assignments are made on: recordings that differ from student to student."""

from __future__ import annotations

import hashlib

from semg_lib.recordings import simulator
from semg_lib.recordings.recording import Recording


def seed(student: str) -> int:
    """Return the number that a student's data are drawn from, 0 to 2**31 - 1.

    Capitals and blanks at the ends do not count, so that "Anne" and "anne " are one person.
    """
    digest = hashlib.sha256(student.strip().casefold().encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def recording(
    student: str,
    database: str,
    exercises: str,
    *,
    movements: tuple[int, ...],
    labels: str = "restimulus",
    subject: int = 1,
) -> Recording:
    """Simulate a recording that belongs to one student.

    Parameters
    ----------
    student : str
        Any identifier; the same one gives the same recording everywhere.
    database, exercises, movements, labels
        See `simulator.simulate`.
    subject : int
        Another number is another person with a hand of the same kind.
    """
    return simulator.simulate(
        database, subject, exercises, seed=seed(student), labels=labels, movements=movements
    )

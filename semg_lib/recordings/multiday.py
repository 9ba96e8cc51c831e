"""Many sessions of one person: Kaufmann, Englehart and Platzner (2010), as LibEMG publishes them.

Fluctuating EMG signals: investigating long-term effects of pattern matching algorithms. IEEE
EMBC, doi:10.1109/IEMBS.2010.5627288. Files: https://github.com/LibEMG/MultiDay.

A file is one held contraction, ``S0_D<session>_C<class>.csv``: rows of four channels without a
header. Class 0 is a contraction like the others: nobody rests in these recordings.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError
from semg_lib.recordings.databases import Database, Exercise, Held, register
from semg_lib.recordings.files import PRIVATE
from semg_lib.recordings.text import read_columns

RATE = 2048
N_CLASSES, N_SESSIONS = 11, 121
# Some contractions begin after 0.4 s of quiet, most end with 0.2 to 0.3 s of release.
HELD = Held(5.5, start_s=0.5, end_s=0.25)
# The authors' names of the contractions could not be found.
NAMES = tuple(f"contraction {number}" for number in range(N_CLASSES))
_NAME = re.compile(r"S0_D(\d+)_C(\d+)(_simulated)?\.csv(\.bz2)?", re.IGNORECASE)


def named(path: Path) -> tuple[int, int] | None:
    """Return session and class, from 0, that a file's name says, or None."""
    found = _NAME.fullmatch(path.name)
    if not found:
        return None
    session, contraction = int(found[1]), int(found[2])
    known = 1 <= session <= N_SESSIONS and contraction < N_CLASSES
    return (session, contraction) if known else None


def place(subject: int, session: int, label: int) -> Path:
    """Return where a simulated contraction lies below a folder."""
    return Path(f"S0_D{session}_C{label - 1}_simulated.csv")


def find(root: Path, subject: int, exercise: Exercise) -> list[Path]:
    """Return all contractions below a folder, session by session.

    Raises
    ------
    DataError
        If one is there twice.
    """
    found: dict[tuple[int, int], Path] = {}
    for path in sorted(root.rglob("S0_D*")):
        about = named(path)
        if about is None or PRIVATE in path.relative_to(root).parts:
            continue
        if about in found:
            raise DataError(f"{found[about]} and {path} are one contraction; keep one of them")
        found[about] = path
    return [found[about] for about in sorted(found)]


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read one contraction, less its start and its release; a session is a repetition.

    Raises
    ------
    DataError
        If the name or the rows are not those of a contraction.
    """
    about = named(path)
    if about is None:
        raise DataError("its name is not S0_D<session>_C<class>.csv, perhaps with .bz2")
    session, contraction = about
    emg = read_columns(path, 4, separator=" ")
    start, end = round(HELD.start_s * RATE), len(emg) - round(HELD.end_s * RATE)
    if end - start < RATE / 2:
        raise DataError(f"it holds {len(emg) / RATE:.1f} s, too short for a contraction")
    emg = emg[start:end]
    return emg, np.full(len(emg), contraction + 1), np.full(len(emg), session)


DATABASE = Database(
    name="multiday",
    title="1 subject, 121 sessions, 4 channels on the forearm, raw signals at 2048 Hz",
    rate=RATE,
    raw=True,
    n_channels=4,
    n_subjects=1,
    n_repetitions=N_SESSIONS,
    sessions=True,
    held=HELD,
    exercises=(Exercise("A", 1, N_CLASSES, 0, NAMES),),
    test_repetitions=tuple(range(62, N_SESSIONS + 1)),
    file_name="S0_D*_C*.csv*",
    find=find,
    read=read,
    citation="Kaufmann, Englehart and Platzner (2010), IEEE EMBC, doi:10.1109/IEMBS.2010.5627288",
    licence="none is stated; the repository asks to cite the paper",
    cautions=(
        "sessions are not days: the paper says that all were recorded within 21 days",
        "there is no rest: class 0 is a contraction, though LibEMG calls it no motion",
        "channel 4 is 10 to 200 times weaker than the others, but not empty",
        "0.5 s at the start and 0.25 s at the end of each contraction are left out",
        "units are not stated",
    ),
)
register(DATABASE)

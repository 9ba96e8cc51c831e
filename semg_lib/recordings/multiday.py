"""Many sessions of one person: Kaufmann, Englehart and Platzner (2010), as LibEMG publishes them.

Fluctuating EMG signals: investigating long-term effects of pattern matching algorithms. IEEE
EMBC, doi:10.1109/IEMBS.2010.5627288. Files: https://github.com/LibEMG/MultiDay.

A file is one held contraction, ``S0_D<session>_C<class>.csv``: rows of four channels without a
header. Class 0 is a contraction like the others: nobody rests in these recordings.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from semg_lib.recordings.databases import Database, Exercise, register
from semg_lib.recordings.held import Held, Usual
from semg_lib.recordings.text import Columns

RATE = 2048
N_CLASSES, N_SESSIONS = 11, 121
# The authors' names of the contractions could not be found.
NAMES = tuple(f"contraction {number}" for number in range(N_CLASSES))
_NAME = re.compile(r"(?:^|.*[\W_])S0_D(\d+)_C(\d+)(?:_simulated)?\.csv(?:\.bz2)?", re.IGNORECASE)


def named(path: Path) -> tuple[int, int, int] | None:
    """Return subject 1, session and label that a file's name says, or None."""
    found = _NAME.fullmatch(path.name)
    if not found:
        return None
    session, contraction = int(found[1]), int(found[2])
    known = 1 <= session <= N_SESSIONS and contraction < N_CLASSES
    return (1, session, contraction + 1) if known else None


def place(subject: int, session: int, label: int) -> Path:
    """Return where a simulated contraction lies below a folder."""
    return Path(f"S0_D{session}_C{label - 1}_simulated.csv")


# Some contractions begin after 0.4 s of quiet, most end with 0.2 to 0.3 s of release. In the 25
# sessions at hand 4.1 s and more are left of each; the weakest channel has an RMS of 0.13, no
# channel more than 0.1 % of its power below 10 Hz or more than 19 % around 50 or 60 Hz.
HELD = Held(
    seconds=5.5,
    start_s=0.5,
    end_s=0.25,
    columns=Columns(4, " ", ended=True),
    named=named,
    place=place,
    usual=Usual(least_s=3.5, least_rms=(2, 2, 1, 0.05), most_slow=0.1, most_mains=0.4),
)


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
    read=partial(HELD.read, rate=RATE),
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

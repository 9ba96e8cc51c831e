"""The 3DC armband's recordings of 22 people: Côté-Allard et al. (2019), as LibEMG publishes them.

Deep learning for electromyographic hand gesture signal classification using transfer learning.
IEEE TNSRE 27(4):760-771. Files: https://github.com/LibEMG/3DCDataset.

A file is one gesture held for five seconds, ``3dc_EMG_gesture_<cycle>_<class>.txt`` in the folder
``Participant<p>/<train|test>/EMG``: rows of ten channels, separated by commas. Class 0 is no
motion, which is this library's label 0, rest.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from semg_lib.recordings.databases import Database, Exercise, register
from semg_lib.recordings.held import Held, Usual
from semg_lib.recordings.text import Columns

RATE = 1000
N_CYCLES = 4  # of all gestures in one go; five minutes later four more
BLOCKS = ("train", "test")  # repetitions 1 to 4 and 5 to 8
GESTURES = (
    "radial deviation",
    "wrist flexion",
    "ulnar deviation",
    "wrist extension",
    "supination",
    "pronation",
    "power grip",
    "open hand",
    "chuck grip",
    "pinch grip",
)
_PLACE = re.compile(r"participant[\W_]?(\d+)[\W_]+(train|test)(?=[\W_])", re.IGNORECASE)
_NAME = re.compile(r"3dc_EMG_gesture_([0-3])_(\d+)(_simulated)?\.txt(\.bz2)?$", re.IGNORECASE)


def named(path: Path) -> tuple[int, int, int] | None:
    """Return subject, repetition and label that a file's place and name say, or None."""
    name = _NAME.search(path.name)
    if not name or int(name[2]) > len(GESTURES):
        return None
    places = {(int(p), block.lower()) for p, block in _PLACE.findall(path.absolute().as_posix())}
    if len(places) != 1:
        return None
    ((subject, block),) = places
    return subject, BLOCKS.index(block) * N_CYCLES + 1 + int(name[1]), int(name[2])


def place(subject: int, repetition: int, label: int) -> Path:
    """Return where a simulated gesture lies below a folder."""
    block, cycle = divmod(repetition - 1, N_CYCLES)
    name = f"3dc_EMG_gesture_{cycle}_{label}_simulated.txt"
    return Path(f"Participant{subject}") / BLOCKS[block] / "EMG" / name


# Of the nine people at hand each recording has 4.1 s and more; the weakest channel, in no motion,
# has an RMS of 7.8. At most 58 % of a channel's power lie below 10 Hz, and 74 %
# around 60 Hz.
HELD = Held(
    seconds=5.0,
    rest=True,
    columns=Columns(10, ",", whole=True),
    named=named,
    place=place,
    usual=Usual(least_s=4.0, least_rms=(2,) * 10, most_slow=0.75, most_mains=0.85),
)


DATABASE = Database(
    name="3dc",
    title="22 intact subjects, 3DC armband of 10 channels, raw signals at 1 kHz",
    rate=RATE,
    raw=True,
    n_channels=10,
    n_subjects=22,
    n_repetitions=len(BLOCKS) * N_CYCLES,
    held=HELD,
    exercises=(Exercise("A", 1, len(GESTURES), 0, GESTURES),),
    test_repetitions=(5, 6, 7, 8),
    file_name="Participant{subject}/*/EMG/3dc_EMG_gesture_*.txt*",
    read=partial(HELD.read, rate=RATE),
    citation="Côté-Allard et al. (2019), IEEE TNSRE 27(4):760-771",
    licence="no licence file; the repository asks to credit the authors",
    cautions=(
        "repetitions 1 to 4 and 5 to 8 are two blocks, five minutes apart, on one day",
        "the gesture is held through the whole file: there is no rest between gestures",
        "participants 1, 3, 4 and 5 have recordings under 4 s; channel 2 of participant 1 drifts",
        "values are the converter's counts",
    ),
)
register(DATABASE)

"""The 3DC armband's recordings of 22 people: Côté-Allard et al. (2019), as LibEMG publishes them.

Deep learning for electromyographic hand gesture signal classification using transfer learning.
IEEE TNSRE 27(4):760-771. Files: https://github.com/LibEMG/3DCDataset.

A file is one gesture held for five seconds,
``Participant<p>/<train|test>/EMG/3dc_EMG_gesture_<cycle>_<class>.txt``: rows of ten channels,
separated by commas. Class 0 is no motion, which is this library's label 0, rest.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from semg_lib.errors import DataError
from semg_lib.recordings.databases import Database, Exercise, Held, register
from semg_lib.recordings.files import PRIVATE
from semg_lib.recordings.text import read_columns

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
_PLACE = re.compile(r"participant_?(\d+)\W*(?:_|\W)(train|test)(?=_|\W)", re.IGNORECASE)
_NAME = re.compile(r"3dc_EMG_gesture_([0-3])_(\d+)(_simulated)?\.txt(\.bz2)?$", re.IGNORECASE)


def named(path: Path) -> tuple[int, int, int] | None:
    """Return subject, repetition from 1, and gesture, that a file's place and name say, or None."""
    place, name = list(_PLACE.finditer(path.as_posix())), _NAME.search(path.name)
    if not place or not name or int(name[2]) > len(GESTURES):
        return None
    subject, block = place[-1].groups()
    first = BLOCKS.index(block.lower()) * N_CYCLES + 1
    return int(subject), first + int(name[1]), int(name[2])


def place(subject: int, repetition: int, label: int) -> Path:
    """Return where a simulated gesture lies below a folder."""
    block, cycle = divmod(repetition - 1, N_CYCLES)
    name = f"3dc_EMG_gesture_{cycle}_{label}_simulated.txt"
    return Path(f"Participant{subject}") / BLOCKS[block] / "EMG" / name


def find(root: Path, subject: int, exercise: Exercise) -> list[Path]:
    """Return a subject's files below a folder, cycle by cycle.

    Raises
    ------
    DataError
        If one is there twice.
    """
    found: dict[tuple[int, int, int], Path] = {}
    for path in sorted(root.rglob("*3dc_EMG_gesture_*")):
        about = named(path.relative_to(root.parent))
        if about is None or about[0] != subject or PRIVATE in path.relative_to(root).parts:
            continue
        if about in found:
            raise DataError(f"{found[about]} and {path} are one recording; keep one of them")
        found[about] = path
    return [found[about] for about in sorted(found)]


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read one gesture.

    Raises
    ------
    DataError
        If its place, its name or its rows are not those of a gesture.
    """
    about = named(path)
    if about is None:
        raise DataError("its place is not Participant<p>/<train|test>/EMG/3dc_EMG_gesture_<c>_<k>")
    _, repetition, gesture = about
    emg = read_columns(path, 10, separator=",")
    return emg, np.full(len(emg), gesture), np.full(len(emg), repetition)


DATABASE = Database(
    name="3dc",
    title="22 intact subjects, 3DC armband of 10 channels, raw signals at 1 kHz",
    rate=RATE,
    raw=True,
    n_channels=10,
    n_subjects=22,
    n_repetitions=len(BLOCKS) * N_CYCLES,
    held=Held(5.0, rest=True),
    exercises=(Exercise("A", 1, len(GESTURES), 0, GESTURES),),
    test_repetitions=(5, 6, 7, 8),
    file_name="Participant{subject}/*/EMG/3dc_EMG_gesture_*.txt*",
    find=find,
    read=read,
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

"""Simulated look-alikes of sets in which each movement is held through a file of its own.

Rate, channels, sessions, order and file layout are the set's; the muscles are `forearm`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import scipy.signal

from semg_lib.errors import DataError
from semg_lib.recordings import forearm
from semg_lib.recordings.databases import Database
from semg_lib.recordings.forearm import Arm, Drift
from semg_lib.recordings.recording import Recording

BAND_HZ = (20, 450)
MOST = 12  # of many sessions about so many are simulated, evenly spread
_COUNTS = 100  # of the converter, of a muscle's noise
_REACTION_S = 4.6  # the longest that reaction and release take of what the screen asks for


def simulate(spec: Database, subject: int, **options) -> Recording:
    """Simulate one subject of a set with ``held``; for the options see `simulator.simulate`.

    Raises
    ------
    DataError
        If nothing is held, there is no such subject, or no movement is left.
    """
    parts = list(_files(spec, subject, **options))
    if not parts:
        raise DataError(f"{spec.name} has no movement {options['movements']}; choose others")
    assert spec.held is not None
    start, end = (round(each * spec.rate) for each in (spec.held.start_s, spec.held.end_s))
    used = [(label, repetition, emg[start : len(emg) - end]) for label, repetition, emg in parts]
    lengths = [len(emg) for *_, emg in used]
    numbers = {each.number: each.offset for each in spec.exercises}
    label = np.repeat([label for label, *_ in used], lengths).astype(np.int16)
    exercise = [max((n for n, o in numbers.items() if o < max(1, each[0]))) for each in used]
    return Recording(
        emg=np.concatenate([emg for *_, emg in used]),
        label=label,
        repetition=np.repeat([repetition for _, repetition, _ in used], lengths).astype(np.int16),
        exercise=np.repeat(exercise, lengths).astype(np.int8),
        rate=float(spec.rate),
        database=spec.name,
        subject=subject,
        simulated=True,
    )


def check_free(path: Path) -> None:
    """Raise DataError if a file is there: it may hold what was recorded."""
    if path.exists():
        raise DataError(f"{path}: there is one already; choose another folder, or remove it")


def write(root: str | Path, spec: Database, subject: int, **options) -> list[Path]:
    """Simulate one subject and write files in the layout of the set; their names say simulated.

    Returns
    -------
    list of Path
        One a movement and repetition, each moved into place whole.
    """
    if spec.held is None:
        raise DataError(f"{spec.name} cannot be simulated as files: it has no `held`")
    written = []
    for label, repetition, emg in _files(spec, subject, **options):
        path = Path(root) / spec.held.place(subject, repetition, label)
        check_free(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        np.savetxt(part, emg, fmt="%d", delimiter=spec.held.columns.separator)
        part.replace(path)
        written.append(path)
    return written


def _files(
    spec: Database,
    subject: int,
    seed: int = 0,
    movements: Sequence[int] | None = None,
    arm: Arm = Arm(),
    drift: Drift = Drift(),
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield label, repetition and signal (sample, channel) of each file, in recorded order."""
    spec.check_subject(subject)
    held = spec.held
    if held is None:
        raise DataError(f"{spec.name} cannot be simulated: name its folder")
    who = forearm.make_subject(spec, subject, seed, drift)
    n_movements = sum(each.n_movements for each in spec.exercises)
    sos = scipy.signal.butter(2, BAND_HZ, "bandpass", fs=spec.rate, output="sos")
    lead_s = max(0.0, held.start_s - 0.1)  # a file may begin before the hand moves
    n = round((held.start_s + held.seconds + held.end_s) * spec.rate)
    synergies = {0: np.zeros((2, forearm.N_MUSCLES))} if held.rest else {}
    for number in range(1, n_movements + 1):
        synergies[number] = forearm.synergy(spec, subject, number, seed)
    for repetition in range(1, spec.n_repetitions + 1, max(1, spec.n_repetitions // MOST)):
        for label, excited in synergies.items():
            if movements and label and label not in movements:
                continue
            rng = np.random.default_rng([seed, 5, spec.n_channels, subject, label, repetition])
            emg, _, active = forearm.trial(
                who, arm, excited, repetition - 1, lead_s=1.0, rate=spec.rate, rng=rng,
                movement_s=lead_s + n / spec.rate + _REACTION_S,
            )  # fmt: skip
            first = int(np.argmax(active)) + round((0.4 - lead_s) * spec.rate)
            emg = scipy.signal.sosfilt(sos, emg, axis=0)[first : first + n]
            yield label, repetition, (np.round(_COUNTS * emg) + 0.0).astype(np.float32)

"""Simulated recordings with NinaPro's shape, rates, labels, protocol and file layout.

A forearm is made of muscles around a bone. Every movement excites them by a synergy; each
repetition is performed a little differently. Motor units fire as shot noise, each shot shaped
like an action potential; muscles mix at the skin by their distance to the electrode. The subject
reacts late and relaxes early, so what the screen asks for (stimulus) and what the muscles do
(restimulus) differ. Nothing but the strength of the drift is fitted, to published accuracies (see
`forearm.Drift`), and nothing to a person: a number from these recordings says
something about methods on this model, and nothing about people.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.io
import scipy.ndimage
import scipy.signal

from semg_lib.errors import DataError
from semg_lib.recordings import databases, forearm, lookalikes
from semg_lib.recordings.databases import LABELS, Exercise, database, movements_done
from semg_lib.recordings.forearm import REST_S, Arm, Drift
from semg_lib.recordings.recording import Recording, concatenate, give_rest_a_repetition

RAW_RATE = 2000  # Hz; DB1's envelopes are made from signals at half of it
BAND_HZ = (20, 450)  # pass band of the Delsys electrodes


def simulate_file(
    name: str,
    subject: int,
    exercise: Exercise,
    *,
    seed: int = 0,
    movements: tuple[int, ...] | None = None,
    arm: Arm = Arm(),
    drift: Drift = Drift(),
) -> dict[str, np.ndarray]:
    """Simulate the variables of one exercise file; see `simulate`.

    Returns
    -------
    dict
        ``emg`` (sample, channel), and ``stimulus``, ``restimulus``, ``repetition`` and
        ``rerepetition`` (sample,), numbered and zero in rest as in the files.
    """
    spec = database(name)
    spec.check_subject(subject)
    who = forearm.make_subject(spec, subject, seed, drift)
    rate = RAW_RATE if spec.rate == RAW_RATE else RAW_RATE / 2
    last = min(exercise.n_movements, movements_done(spec, subject) - exercise.offset)
    parts: dict[str, list[np.ndarray]] = {
        key: [] for key in ("emg", "stimulus", "restimulus", "repetition", "rerepetition")
    }
    for movement in range(1, last + 1):
        if movements and movement + exercise.offset not in movements:
            continue
        number = movement + exercise.offset
        excited = forearm.synergy(spec, subject, number, seed)
        for repetition in range(1, spec.n_repetitions + 1):
            # A generator of its own makes a trial the same whatever else is simulated.
            rng = np.random.default_rng([seed, 4, spec.n_subjects, subject, number, repetition])
            lead_s = 0.0 if parts["emg"] else REST_S
            emg, stimulus, restimulus = forearm.trial(
                who, arm, excited, repetition - 1, lead_s=lead_s, rate=rate, rng=rng
            )
            parts["emg"].append(emg.astype(np.float32))
            for key, active in (("stimulus", stimulus), ("restimulus", restimulus)):
                parts[key].append(active * movement)
            for key, active in (("repetition", stimulus), ("rerepetition", restimulus)):
                parts[key].append(active * repetition)
    if not parts["emg"]:
        raise DataError(
            f"{name} subject {subject} did no movement {movements or ''} of exercise "
            f"{exercise.letter}; choose another exercise"
        )
    content = {key: np.concatenate(values) for key, values in parts.items()}
    sos = scipy.signal.butter(2, BAND_HZ, "bandpass", fs=rate, output="sos")
    emg = scipy.signal.sosfilt(sos, content["emg"], axis=0)
    if spec.rate < rate:
        emg = _otto_bock(emg, rate)
        every = round(rate / spec.rate)
        content = {key: value[::every] for key, value in content.items()}
        content["emg"] = emg[::every].astype(np.float32)
    else:
        content["emg"] = (emg * 1e-4).astype(np.float32)  # volts at the skin
    for key in ("stimulus", "restimulus", "repetition", "rerepetition"):
        content[key] = content[key].astype(np.uint8)
    return content


def _otto_bock(emg: np.ndarray, rate: float) -> np.ndarray:
    """Return what a MyoBock electrode puts out: an amplified, rectified, smoothed envelope."""
    power = scipy.ndimage.uniform_filter1d(emg**2, round(0.12 * rate), axis=0)
    volts = np.clip(1.5 * np.sqrt(np.maximum(power, 0)), 0, 4.67)
    return np.round(volts / 0.0024) * 0.0024  # the converter's steps


def simulate(
    name: str,
    subject: int,
    exercises: str | None = None,
    *,
    seed: int = 0,
    labels: str = "restimulus",
    movements: tuple[int, ...] | None = None,
    arm: Arm = Arm(),
    drift: Drift = Drift(),
) -> Recording:
    """Simulate one subject's recording.

    Parameters
    ----------
    name : str
        ``"db1"`` (envelopes at 100 Hz), ``"db2"`` or ``"db3"`` (raw signals at 2 kHz),
        ``"multiday"`` or ``"3dc"``, or a registered set with ``held``.
    subject : int
        Subject number, from 1. DB3 subjects lack electrodes and movements as in the database.
    exercises : str, optional
        Letters of the exercises; the first if not given.
    seed : int
        Another seed is another population.
    labels : {"restimulus", "stimulus"}
        What the muscles did, or what the screen asked for.
    movements : tuple of int, optional
        Simulate only these; the signals are those of the whole up to filtering at the seams.
    arm : Arm
        How hard the arm is to read.
    drift : Drift
        What changes between repetitions.

    Returns
    -------
    Recording
        With ``simulated`` set.

    Raises
    ------
    DataError
        If the database has no such subject or exercise.
    """
    spec = database(name)
    if spec in databases.registered():
        spec.exercises_named(exercises or spec.exercises[0].letter)
        return lookalikes.simulate(
            spec, subject, seed=seed, movements=movements, arm=arm, drift=drift
        )
    label_name, repetition_name = LABELS[labels]
    chosen = spec.exercises_named(exercises or spec.exercises[0].letter)
    parts = []
    for exercise in chosen:
        content = simulate_file(
            name, subject, exercise, seed=seed, movements=movements, arm=arm, drift=drift
        )
        label = content[label_name].astype(np.int16)
        parts.append(
            Recording(
                emg=content["emg"],
                label=np.where(label > 0, label + exercise.offset, 0).astype(np.int16),
                repetition=give_rest_a_repetition(label, content[repetition_name]),
                exercise=np.full(len(label), exercise.number, np.int8),
                rate=spec.rate,
                database=spec.name,
                subject=subject,
                simulated=True,
            )
        )
    return concatenate(parts)


def write_files(
    root: str | Path,
    name: str,
    subject: int,
    exercises: str | None = None,
    **options,
) -> list[Path]:
    """Simulate one subject and write files in the layout of the database, NinaPro's by MATLAB 5.

    Parameters
    ----------
    root : path
        Folder to write into; the subject's folder is made below it.
    name, subject, exercises, **options
        As for `simulate`.

    Returns
    -------
    list of Path
        The files, NinaPro's one an exercise, each moved into place whole.

    Raises
    ------
    DataError
        If one of them is there already.
    """
    spec = database(name)
    if spec in databases.registered():
        return lookalikes.write(root, spec, subject, **options)
    letters = exercises or "".join(e.letter for e in spec.exercises)
    folder = Path(root) / spec.folder_name.format(subject=subject)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for exercise in spec.exercises_named(letters):
        if exercise.offset >= movements_done(spec, subject):
            continue  # a movement block this amputee did not do
        path = folder / spec.file_name.format(subject=subject, exercise=exercise.number)
        lookalikes.check_free(path)
        content = simulate_file(name, subject, exercise, **options)
        columns = {key: value if key == "emg" else value[:, None] for key, value in content.items()}
        part = path.with_suffix(".part")
        scipy.io.savemat(
            part,
            {**columns, "subject": subject, "exercise": exercise.number, "simulated": 1},
            appendmat=False,
            do_compression=True,
        )
        part.replace(path)
        written.append(path)
    return written

"""Simulated recordings with NinaPro's shape, rates, labels, protocol and file layout.

A forearm is made of muscles around a bone. Every movement excites them by a synergy; each
repetition is performed a little differently. Motor units fire as shot noise, each shot shaped
like an action potential; muscles mix at the skin by their distance to the electrode. The subject
reacts late and relaxes early, so what the screen asks for (stimulus) and what the muscles do
(restimulus) differ. Nothing here is fitted to a person: a number from these recordings says
something about methods on this model, and nothing about people.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
import scipy.ndimage
import scipy.signal

from semg_lib import ninapro
from semg_lib.ninapro import Database, Exercise
from semg_lib.recording import DataError, Recording, concatenate, give_rest_a_repetition

N_MUSCLES = 14
MOVEMENT_S, REST_S = 5.0, 3.0  # NinaPro's protocol
RAW_RATE = 2000  # Hz; DB1's envelopes are made from signals at half of it
BAND_HZ = (20, 450)  # pass band of the Delsys electrodes


@dataclass(frozen=True)
class Arm:
    """How hard the simulated arm is to read; 0 turns an effect off."""

    variability: float = 1.0  # how differently a movement is repeated
    crosstalk: float = 1.0  # how far a muscle is heard around the forearm
    noise: float = 1.0  # noise of electrode and amplifier
    restlessness: float = 1.0  # muscle tone during rest


@dataclass(frozen=True)
class Drift:
    """What changes from one repetition (session) to the next; 0 turns an effect off."""

    electrode_shift: float = 1.0  # the armband turns around the forearm
    gain: float = 1.0  # electrodes get louder or softer
    impedance: float = 1.0  # skin dries or sweats: noise rises
    fatigue: float = 1.0  # action potentials widen, the spectrum is compressed


@dataclass(frozen=True, eq=False)
class _Subject:
    """What stays the same in one simulated subject."""

    muscle_angle: np.ndarray  # (muscle,), radians around the forearm
    muscle_depth: np.ndarray  # (muscle,), 1 is just below the skin
    muscle_strength: np.ndarray  # (muscle,)
    muscle_width: np.ndarray  # (muscle,), duration of its action potentials, s
    electrode_angle: np.ndarray  # (channel,)
    electrode_gain: np.ndarray  # (channel,)
    delay_s: float  # mean reaction time
    release_s: float  # how long before the screen's end the subject relaxes
    skill: float  # below 1: repeats movements less alike
    shift: np.ndarray  # (repetition,), turn of the armband, radians
    gain: np.ndarray  # (repetition, channel)
    noise: np.ndarray  # (repetition, channel)
    width: np.ndarray  # (repetition,), widening of the action potentials


def _subject(spec: Database, subject: int, seed: int, drift: Drift) -> _Subject:
    rng = np.random.default_rng([seed, 1, subject])
    n_channels = spec.electrodes(subject)
    n_ring = 8  # both protocols: eight electrodes in a ring, the others on chosen muscles
    ring = np.arange(n_ring) / n_ring * 2 * np.pi
    chosen = np.linspace(0.4, 2 * np.pi - 0.4, n_channels - n_ring)
    steps = {
        name: rng.normal(size=(spec.n_repetitions, *size))
        for name, size in (("shift", ()), ("gain", (n_channels,)), ("noise", (n_channels,)))
    }
    for walk in steps.values():
        walk[0] = 0
    session = np.arange(spec.n_repetitions) / 5
    amputee = spec.name == "db3"
    return _Subject(
        muscle_angle=np.linspace(0, 2 * np.pi, N_MUSCLES, endpoint=False)
        + rng.normal(0, 0.12, N_MUSCLES),
        muscle_depth=rng.uniform(1, 2, N_MUSCLES) + np.arange(N_MUSCLES) % 2 * 0.6,
        muscle_strength=rng.lognormal(0, 0.7 if amputee else 0.3, N_MUSCLES),
        muscle_width=rng.uniform(0.004, 0.009, N_MUSCLES),
        electrode_angle=np.concatenate([ring, chosen]) + rng.normal(0, 0.08, n_channels),
        electrode_gain=rng.lognormal(0, 0.25, n_channels),
        delay_s=rng.uniform(0.7, 1.0),
        release_s=rng.uniform(0.6, 0.95),
        skill=rng.uniform(0.55, 0.8) if amputee else rng.uniform(0.75, 1.25),
        shift=0.07 * drift.electrode_shift * np.cumsum(steps["shift"]),
        gain=np.exp(0.10 * drift.gain * np.cumsum(steps["gain"], axis=0)),
        noise=np.exp(0.25 * drift.impedance * np.abs(np.cumsum(steps["noise"], axis=0))),
        width=1 + 0.12 * drift.fatigue * session,
    )


def _synergy(spec: Database, subject: int, movement: int, seed: int) -> np.ndarray:
    """Return how much a movement excites each muscle, (phase, muscle): going there, holding."""
    everyone = np.random.default_rng([seed, 2, spec.n_channels, movement])
    own = np.random.default_rng([seed, 3, subject, movement])
    active = everyone.gamma(0.55, 1.0, N_MUSCLES)
    going = active * everyone.lognormal(0, 0.6, N_MUSCLES)
    both = np.stack([going, active]) * own.lognormal(0, 0.3, N_MUSCLES)
    return both / np.linalg.norm(both[1]) * own.lognormal(0, 0.2)


def _slow(rng: np.random.Generator, n: int, rate: float, hz: float) -> np.ndarray:
    """Return unit-power noise below a frequency, (sample,)."""
    knots = max(4, round(n / rate * hz * 2) + 4)
    noise = np.interp(np.linspace(0, knots - 1, n), np.arange(knots), rng.normal(size=knots))
    return noise * 1.2


def _mixing(who: _Subject, arm: Arm, session: int) -> np.ndarray:
    """Return how loud each muscle is at each electrode, (muscle, channel)."""
    apart = who.muscle_angle[:, None] - who.electrode_angle - who.shift[session]
    apart = np.abs((apart + np.pi) % (2 * np.pi) - np.pi)
    reach = (0.10 + 0.38 * arm.crosstalk) * who.muscle_depth[:, None]
    loud = who.muscle_strength[:, None] / who.muscle_depth[:, None] * np.exp(-0.5 * (apart / reach) ** 2)
    return loud * who.electrode_gain * who.gain[session]


def _action_potential(width_s: float, rate: float) -> np.ndarray:
    """Return a triphasic action potential of unit energy."""
    t = np.arange(-1.5 * width_s, 1.5 * width_s, 1 / rate) / (width_s / 3)
    shape = (1 - t**2) * np.exp(-(t**2) / 2)
    return shape / np.linalg.norm(shape)


def _trial(
    spec: Database, who: _Subject, arm: Arm, synergy: np.ndarray, session: int, lead_s: float,
    rate: float, rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return raw EMG (sample, channel), stimulus and restimulus (sample,) of one repetition."""
    n = round((lead_s + MOVEMENT_S + REST_S * rng.uniform(0.95, 1.1)) * rate)
    t = np.arange(n) / rate - lead_s
    onset = np.clip(who.delay_s + rng.normal(0, 0.18), 0.25, 1.8)
    end = MOVEMENT_S - np.clip(who.release_s + rng.normal(0, 0.2), 0.1, 2.0)
    rise, fall = rng.uniform(0.15, 0.45), rng.uniform(0.15, 0.4)
    active = np.clip((t - onset) / rise, 0, 1) * np.clip((end + fall - t) / fall, 0, 1)

    # No two repetitions are alike: another force, other muscles helping, another path there.
    spread = 0.24 * arm.variability / who.skill
    performed = synergy * rng.lognormal(0, spread, N_MUSCLES)
    force = rng.lognormal(0, 0.15 * arm.variability) * (
        1 + 0.25 * arm.variability * _slow(rng, n, rate, 0.7)
    )
    holding = 1 / (1 + np.exp(-(t - onset - rng.uniform(0.4, 1.0)) / 0.12))
    wander = np.stack([_slow(rng, n, rate, 0.5) for _ in range(N_MUSCLES)], axis=1)
    excitation = performed[0] * (1 - holding)[:, None] + performed[1] * holding[:, None]
    excitation = excitation * (np.maximum(force, 0.1) * active)[:, None]
    excitation *= np.exp(0.22 * arm.variability * wander)
    tone = 0.05 * arm.restlessness * rng.lognormal(0, 0.6, N_MUSCLES)
    drive = excitation + tone

    # Harder contraction: more shots and larger ones.
    shots = rng.random((n, N_MUSCLES)) < np.minimum(0.06 + 0.10 * drive, 0.5)
    shots = shots * np.sqrt(drive) * rng.normal(size=(n, N_MUSCLES))
    sources = np.empty((n, N_MUSCLES))
    for muscle in range(N_MUSCLES):
        shape = _action_potential(who.muscle_width[muscle] * who.width[session], rate)
        sources[:, muscle] = scipy.signal.oaconvolve(shots[:, muscle], shape, mode="same")
    emg = sources @ _mixing(who, arm, session)
    emg += 0.02 * arm.noise * who.noise[session] * rng.normal(size=emg.shape)
    stimulus = (t >= 0) & (t < MOVEMENT_S)
    restimulus = (t >= onset) & (t < end)
    return emg, stimulus, restimulus


def _missing(spec: Database, subject: int) -> int:
    """Return how many of the last movements of the database this subject did not do.

    Which movements the amputees left out is not known; leaving out the last ones is assumed.
    """
    return sum(e.n_movements for e in spec.exercises) + 1 - spec.classes_of.get(
        subject, sum(e.n_movements for e in spec.exercises) + 1
    )  # fmt: skip


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
    spec = ninapro.database(name)
    spec.check_subject(subject)
    who = _subject(spec, subject, seed, drift)
    rate = RAW_RATE if spec.rate == RAW_RATE else RAW_RATE / 2
    total = sum(each.n_movements for each in spec.exercises)
    last = min(exercise.n_movements, total - _missing(spec, subject) - exercise.offset)
    parts: dict[str, list[np.ndarray]] = {
        key: [] for key in ("emg", "stimulus", "restimulus", "repetition", "rerepetition")
    }
    for movement in range(1, last + 1):
        if movements and movement + exercise.offset not in movements:
            continue
        number = movement + exercise.offset
        synergy = _synergy(spec, subject, number, seed)
        for repetition in range(1, spec.n_repetitions + 1):
            # A generator of its own makes a trial the same whatever else is simulated.
            rng = np.random.default_rng([seed, 4, spec.n_subjects, subject, number, repetition])
            lead_s = 0.0 if parts["emg"] else REST_S
            emg, stimulus, restimulus = _trial(
                spec, who, arm, synergy, repetition - 1, lead_s, rate, rng
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
        ``"db1"`` (envelopes at 100 Hz), ``"db2"`` or ``"db3"`` (raw signals at 2 kHz).
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
    spec = ninapro.database(name)
    label_name, repetition_name = ninapro.LABELS[labels]
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


def write_mat(
    root: str | Path,
    name: str,
    subject: int,
    exercises: str | None = None,
    **options,
) -> list[Path]:
    """Simulate one subject and write MATLAB 5 files in NinaPro's layout.

    Parameters
    ----------
    root : path
        Folder to write into; the subject's folder is made below it.
    name, subject, exercises, **options
        As for `simulate`.

    Returns
    -------
    list of Path
        The files, one an exercise, each moved into place whole.
    """
    spec = ninapro.database(name)
    letters = exercises or "".join(e.letter for e in spec.exercises)
    folder = Path(root) / spec.folder_name.format(subject=subject)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for exercise in spec.exercises_named(letters):
        if exercise.offset >= sum(e.n_movements for e in spec.exercises) - _missing(spec, subject):
            continue  # a movement block this amputee did not do
        content = simulate_file(name, subject, exercise, **options)
        columns = {
            key: value if key == "emg" else value[:, None] for key, value in content.items()
        }
        path = folder / spec.file_name.format(subject=subject, exercise=exercise.number)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            scipy.io.savemat(
                file,
                {**columns, "subject": subject, "exercise": exercise.number, "simulated": 1},
                do_compression=True,
            )
        part.replace(path)
        written.append(path)
    return written

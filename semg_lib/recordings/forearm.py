"""A simulated forearm: muscles, action potentials, electrodes, and one repetition of a movement.

Nothing here is fitted to a person; how fast repetitions drift apart is fitted to two published
curves, see `Drift`. `simulator` makes recordings of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.signal

from semg_lib.recordings.databases import Database

N_MUSCLES = 14
MOVEMENT_S, REST_S = 5.0, 3.0  # NinaPro's protocol


@dataclass(frozen=True)
class Arm:
    """How hard the simulated arm is to read; 0 turns an effect off."""

    variability: float = 1.0  # how differently a movement is repeated
    crosstalk: float = 1.0  # how far a muscle is heard around the forearm
    noise: float = 1.0  # noise of electrode and amplifier
    restlessness: float = 1.0  # muscle tone during rest


@dataclass(frozen=True)
class Drift:
    """What changes from one repetition (session) to the next; 0 turns an effect off.

    1, the default, is fitted to two curves and to nothing else: the accuracies of a CNN and of an
    SVM that are trained on the first repetition of DB2's 50 classes and never again, on the five
    others (zhai2017, figure 6A: 62 to 44 and 60 to 41 per cent). One number was fitted, the
    strength of all four effects together; their shares were chosen.
    """

    electrode_shift: float = 1.0  # the armband turns around the forearm
    gain: float = 1.0  # electrodes get louder or softer
    impedance: float = 1.0  # skin dries or sweats: noise rises
    fatigue: float = 1.0  # action potentials widen, the spectrum is compressed


@dataclass(frozen=True, eq=False)
class Subject:
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


def make_subject(spec: Database, subject: int, seed: int, drift: Drift) -> Subject:
    """Draw one subject of a database; another seed is another population."""
    rng = np.random.default_rng([seed, 1, subject])
    n_channels = spec.electrodes(subject)
    # NinaPro: eight electrodes in a ring, the others on chosen muscles; else all in a ring.
    n_ring = n_channels if spec.held else 8
    ring = np.arange(n_ring) / n_ring * 2 * np.pi
    chosen = np.linspace(0.4, 2 * np.pi - 0.4, n_channels - n_ring)
    few = min(1, 10 / spec.n_repetitions)  # a hundred sessions do not turn the armband round
    shift, gain, noise = (
        few * _wander(rng, spec.n_repetitions, size) for size in ((), (n_channels,), (n_channels,))
    )
    session = few * np.arange(spec.n_repetitions)
    amputee = spec.name == "db3"
    return Subject(
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
        shift=0.029 * drift.electrode_shift * shift,
        gain=np.exp(0.039 * drift.gain * gain),
        noise=np.exp(0.097 * drift.impedance * np.abs(noise)),
        width=1 + 0.012 * drift.fatigue * session,
    )


def _wander(rng: np.random.Generator, n: int, size: tuple[int, ...]) -> np.ndarray:
    """Return a walk that keeps its direction, (repetition, ...), from 0 by about 1 a step."""
    slope = rng.choice([-1.0, 1.0], size=size)
    steps = slope * rng.uniform(0.5, 1.5, size=size) + 0.4 * rng.normal(size=(n, *size))
    steps[0] = 0
    return np.cumsum(steps, axis=0)


def synergy(spec: Database, subject: int, movement: int, seed: int) -> np.ndarray:
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


def _mixing(who: Subject, arm: Arm, session: int) -> np.ndarray:
    """Return how loud each muscle is at each electrode, (muscle, channel)."""
    apart = who.muscle_angle[:, None] - who.electrode_angle - who.shift[session]
    apart = np.abs((apart + np.pi) % (2 * np.pi) - np.pi)
    reach = (0.10 + 0.38 * arm.crosstalk) * who.muscle_depth[:, None]
    strength = (who.muscle_strength / who.muscle_depth)[:, None]
    return strength * np.exp(-0.5 * (apart / reach) ** 2) * who.electrode_gain * who.gain[session]


def _action_potential(width_s: float, rate: float) -> np.ndarray:
    """Return a triphasic action potential of unit energy."""
    t = np.arange(-1.5 * width_s, 1.5 * width_s, 1 / rate) / (width_s / 3)
    shape = (1 - t**2) * np.exp(-(t**2) / 2)
    return shape / np.linalg.norm(shape)


def trial(
    who: Subject,
    arm: Arm,
    excited: np.ndarray,
    session: int,
    *,
    lead_s: float,
    rate: float,
    rng: np.random.Generator,
    movement_s: float = MOVEMENT_S,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate one repetition of a movement and the rest after it.

    Parameters
    ----------
    who : Subject
    arm : Arm
    excited : ndarray (phase, muscle)
        The movement's synergy.
    session : int
        Which repetition, from 0: what has drifted by then.
    lead_s : float
        Rest before the movement, in seconds.
    rate : float
        Samples a second, in hertz.
    rng : Generator
    movement_s : float
        How long the screen asks for the movement.

    Returns
    -------
    emg : ndarray (sample, channel)
        Raw, in units of a muscle's noise.
    stimulus, restimulus : ndarray (sample,), bool
        What the screen asks for, and what the muscles do.
    """
    n = round((lead_s + movement_s + REST_S * rng.uniform(0.95, 1.1)) * rate)
    t = np.arange(n) / rate - lead_s
    onset = np.clip(who.delay_s + rng.normal(0, 0.18), 0.25, 1.8)
    end = movement_s - np.clip(who.release_s + rng.normal(0, 0.2), 0.1, 2.0)
    rise, fall = rng.uniform(0.15, 0.45), rng.uniform(0.15, 0.4)
    active = np.clip((t - onset) / rise, 0, 1) * np.clip((end + fall - t) / fall, 0, 1)

    # No two repetitions are alike: another force, other muscles helping, another path there.
    spread = 0.14 * arm.variability / who.skill
    performed = excited * rng.lognormal(0, spread, N_MUSCLES)
    force = rng.lognormal(0, 0.15 * arm.variability) * (
        1 + 0.25 * arm.variability * _slow(rng, n, rate, 0.7)
    )
    holding = 1 / (1 + np.exp(-(t - onset - rng.uniform(0.4, 1.0)) / 0.12))
    wander = np.stack([_slow(rng, n, rate, 0.5) for _ in range(N_MUSCLES)], axis=1)
    excitation = performed[0] * (1 - holding)[:, None] + performed[1] * holding[:, None]
    excitation = excitation * (np.maximum(force, 0.1) * active)[:, None]
    excitation *= np.exp(0.13 * arm.variability * wander)
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
    stimulus = (t >= 0) & (t < movement_s)
    restimulus = (t >= onset) & (t < end)
    return emg, stimulus, restimulus

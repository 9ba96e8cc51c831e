"""How accuracy is made and unmade: one network, scored under protocols that differ in one choice.

The methods are those of atzori2016. Some protocols here leak on purpose, so that a reader sees
what a leak is worth; `splits.audit` refuses them, and nothing else in this library uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from semg_lib.errors import DataError, check_name
from semg_lib.evaluation.scores import Outcome
from semg_lib.learning import baselines, parallel, training
from semg_lib.learning.settings import change
from semg_lib.papers import atzori2016
from semg_lib.papers.atzori2016 import Settings
from semg_lib.recordings.recording import Recording, concatenate
from semg_lib.recordings.source import Source
from semg_lib.signals import features, splits
from semg_lib.signals.preprocessing import Standardiser, envelope
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows, cut, thin_rest

METHODS = ("cnn", "lda", "knn")
SPLITS = ("repetition", "leave one repetition out", "window", "subject")
SCALERS = ("training", "everything")
RESTS = ("thinned", "all", "none")
LABELS = ("restimulus", "stimulus")
FOLDS = 3  # of subjects, where none is trained on whom it is tested


@dataclass(frozen=True)
class Protocol:
    """The switches that decide what an accuracy means; the defaults are this book's.

    Raises
    ------
    ValueError
        If a name is unknown.
    """

    split: str = "repetition"  # what is held out
    scaler: str = "training"  # what the mean and standard deviation of a channel come from
    labels: str = "restimulus"  # re-aligned to the EMG, or what the screen asked for
    rest: str = "thinned"  # to the share of one movement; all of it; none
    pure: bool = True  # no window over a boundary of movements, repetitions or exercises
    vote_ms: float = 0.0  # the majority of the predictions of so many milliseconds

    def __post_init__(self) -> None:
        for name, known in (
            ("split", SPLITS),
            ("scaler", SCALERS),
            ("labels", LABELS),
            ("rest", RESTS),
        ):
            check_name(name, getattr(self, name), known)


BASE = "held-out repetitions"
PROTOCOLS = {
    BASE: Protocol(),
    "random windows held out": Protocol(split="window"),
    "scaler fitted to everything": Protocol(scaler="everything"),
    "windows over boundaries": Protocol(pure=False),
    "labels of the screen": Protocol(labels="stimulus"),
    "all rest kept": Protocol(rest="all"),
    "rest left out": Protocol(rest="none"),
    "vote over 300 ms": Protocol(vote_ms=300),
    "one repetition left out": Protocol(split="leave one repetition out"),
    "other subjects": Protocol(split="subject"),
    "everything that flatters": Protocol(
        split="window", scaler="everything", rest="all", vote_ms=300
    ),
}


def named(database: str, preset: str = "full", epochs: int = 0) -> Settings:
    """Return atzori2016's settings, with half the training windows and half the epochs.

    What is compared here are protocols, and a network for each of ten repetitions costs.
    """
    settings = atzori2016.Settings.named(database, "recommended", preset, epochs)
    if preset == "quick":
        return change(settings, {"step_ms": 60, "train_step_ms": 60})
    return change(settings, {"train_step_ms": 40, "epochs": epochs or 15})


@dataclass(frozen=True, eq=False)
class Fold:
    """What one network is trained on, and whom it is tested on."""

    train: Windows
    test: dict[int, Windows]  # by subject
    scaler: Standardiser


def folds(
    recording: Recording, protocol: Protocol, settings: Settings, *, seed: int = 0
) -> Iterator[Fold]:
    """Yield one subject's folds under a protocol, not audited."""
    present = np.unique(recording.repetition).tolist()
    alone = protocol.split == "leave one repetition out"
    for test in [[each] for each in present] if alone else [settings.test_repetitions]:
        seen = present if protocol.scaler == "everything" else sorted({*present} - {*test})
        scaler = Standardiser.fit(recording, seen)
        windows = choose(scaler.apply(recording), protocol, settings)
        split = splits.by_repetition(windows, test)
        if protocol.split == "window":
            split = at_random(windows, len(split.test), seed=seed)
        yield Fold(_every(split.train, settings), {recording.subject: split.test}, scaler)


def across(
    training_side: Sequence[Recording],
    test_side: Sequence[Recording],
    protocol: Protocol,
    settings: Settings,
) -> Fold:
    """Return a fold that is trained on some subjects and tested on others.

    The scaler is that of the training subjects. They give a quarter of their windows each, so that
    the network does not train for hours.
    """
    everybody = concatenate([replace(each, subject=0) for each in training_side])
    scaler = Standardiser.fit(everybody, np.unique(everybody.repetition).tolist())
    train = _every(choose(scaler.apply(everybody), protocol, settings), settings)[::4]
    test = {each.subject: choose(scaler.apply(each), protocol, settings) for each in test_side}
    return Fold(train, test, scaler)


def choose(recording: Recording, protocol: Protocol, settings: Settings) -> Windows:
    """Cut a recording into the windows that count under a protocol."""
    windows = cut(
        recording,
        length_ms=settings.window_ms,
        step_ms=settings.step_ms,
        pure=protocol.pure,
    )
    if protocol.rest == "none":
        return windows[windows.label > 0]
    return thin_rest(windows) if protocol.rest == "thinned" else windows


def at_random(windows: Windows, n_test: int, *, seed: int = 0) -> Split:
    """Hold out single windows at random: the mistake, since their neighbours train."""
    shuffled = np.random.default_rng(seed).permutation(len(windows))
    return Split(windows[np.sort(shuffled[n_test:])], windows[np.sort(shuffled[:n_test])])


def _every(windows: Windows, settings: Settings) -> Windows:
    return windows[:: max(1, round(settings.train_step_ms / settings.step_ms))]


def vote(windows: Windows, predicted: np.ndarray, length_ms: float) -> np.ndarray:
    """Replace each prediction by the majority of those of the last milliseconds, (window,).

    Only windows that begin within that time before the window's own start have a vote, so that
    nothing is taken from the future. A tie goes to the window's own prediction, then to the lowest
    label.
    """
    classes, index = np.unique(predicted, return_inverse=True)
    one_hot = np.eye(len(classes))[index]
    so_far = np.concatenate([np.zeros((1, len(classes))), one_hot.cumsum(axis=0)])
    earliest = windows.starts - length_ms * windows.recording.rate / 1000
    first = np.searchsorted(windows.starts, earliest, side="right")
    votes = so_far[1:] - so_far[first] + 0.5 * one_hot
    return classes[votes.argmax(axis=1)]


def learn(
    method: str, fold: Fold, settings: Settings, *, seed: int = 0, device: str = "cpu"
) -> Callable[[Windows], np.ndarray]:
    """Train a method on a fold; return what predicts the label of each window."""
    check_name("method", method, ("cnn", *baselines.NAMES))
    if method == "cnn":
        nothing = Split(fold.train, fold.train[:0])
        network, _ = atzori2016.train_cnn(nothing, fold.scaler, settings, seed=seed, device=device)
        classes = np.unique(fold.train.label)
        return lambda windows: training.predict(network, windows, classes)
    seen = features.extract(fold.train, scaler=fold.scaler)
    fitted = baselines.make(method, seed=seed).fit(seen, fold.train.label)
    return lambda windows: fitted.predict(features.extract(windows, scaler=fold.scaler))


def under(
    protocol: Protocol,
    source: Source,
    subjects: Sequence[int],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    others: Sequence[int] = (),
    seed: int = 0,
    device: str = "cpu",
) -> list[Outcome]:
    """Score methods under a protocol, subject by subject.

    Parameters
    ----------
    protocol : Protocol
    source : Source
    subjects : sequence of int
        Whom to test on.
    settings : Settings
    methods : sequence of str
        ``"cnn"`` and names of `baselines`.
    others : sequence of int
        Whom to train on where the split is by subject.
    """

    def load(subject: int) -> Recording:
        recording = source.load(subject, labels=protocol.labels)
        if recording.rate > settings.rate_hz:
            recording = envelope(recording, rate=settings.rate_hz)
        return recording

    if protocol.split == "subject":
        sides = ([load(each) for each in side] for side in (others, subjects))
        found = [across(*sides, protocol, settings)]
    else:
        found = [f for each in subjects for f in folds(load(each), protocol, settings, seed=seed)]
    outcomes = []
    for method in methods:
        said: dict[int, list[np.ndarray]] = {each: [] for each in subjects}
        for fold in found:
            says = learn(method, fold, settings, seed=seed, device=device)
            for subject, windows in fold.test.items():
                predicted = says(windows)
                if protocol.vote_ms:
                    predicted = vote(windows, predicted, protocol.vote_ms)
                said[subject].append(np.stack([windows.label, predicted]))
        for subject, parts in said.items():
            outcomes.append(Outcome(subject, method, *np.concatenate(parts, axis=1)))
    return outcomes


def replicate(
    name: str,
    source: Source,
    subjects: Sequence[int],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Score methods under the protocol of that name; methods are ``name: cnn`` and so on.

    On a CPU as many networks train at once as there are cores, on one each.

    Raises
    ------
    ValueError
        If there is no such protocol, or a single subject whose others should train.
    """
    check_name("protocol", name, PROTOCOLS)
    protocol = PROTOCOLS[name]
    groups = [([each], []) for each in subjects]
    if protocol.split == "subject":
        if len(subjects) < 2:
            raise DataError(f"{name}: there is one subject and nobody else to train on; add one")
        parts = np.array_split(np.asarray(subjects), min(FOLDS, len(subjects)))
        tested = [part.tolist() for part in parts]
        groups = [(part, [each for each in subjects if each not in part]) for part in tested]
    shared = {"settings": settings, "methods": tuple(methods), "seed": seed, "device": device}
    jobs = [
        {"protocol": protocol, "source": source, "subjects": group, "others": others} | shared
        for group, others in groups
    ]
    for outcomes in parallel.each(under, jobs, device=device):
        for outcome in outcomes:
            yield replace(outcome, method=f"{name}: {outcome.method}")

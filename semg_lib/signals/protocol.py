"""The protocol: everything that decides what an accuracy means, in one frozen object.

A paper's protocol is made of its settings. The mistakes that the protocols chapter prices are
values of it too: `Protocol.folds` does what the values say, `Protocol.prepare` refuses a leak.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from semg_lib.errors import DataError, check_name
from semg_lib.recordings.recording import Recording, concatenate
from semg_lib.signals import splits
from semg_lib.signals.features import extract
from semg_lib.signals.preprocessing import Standardiser, envelope, low_pass
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows, cut, one_rest, thin_rest

RESTS = ("thinned", "trial", "all", "none")
SPLITS = ("repetition", "leave one repetition out", "window", "subject")
SCALERS = ("training", "everything", "none")


@dataclass(frozen=True, eq=False)
class Prepared:
    """Windows to train on and to test on, and what standardised them."""

    split: Split
    scaler: Standardiser
    _features: dict[tuple[str, str], np.ndarray] = field(default_factory=dict, repr=False)

    def features(self, side: str, names: Sequence[str]) -> np.ndarray:
        """Return `features.extract` of one side, ``"train"`` or ``"test"``, (window, value).

        Each feature is computed once, however many methods ask for it.
        """
        for name in names:
            if (side, name) not in self._features:
                windows: Windows = getattr(self.split, side)
                self._features[side, name] = extract(windows, [name], scaler=self.scaler)
        return np.concatenate([self._features[side, name] for name in names], axis=1)

    def audited(self) -> Prepared:
        """Return this if nothing of its test side can have reached the training.

        Raises
        ------
        LeakError
            See `splits.audit`.
        """
        splits.audit(self.split, self.scaler)
        return self

    def seen_as(
        self, recording: Recording, window_ms: float, *, scaler: str, delay: int = 0
    ) -> Prepared:
        """Return the same decisions as another signal of the same recording shows them, audited.

        Parameters
        ----------
        recording : Recording
            The signal at its own rate or, as an envelope, at a lower one.
        window_ms : float
            Length of the windows; each ends at the decision's sample or before it.
        scaler : {"training", "none"}
        delay : int
            Samples of the first signal after which one of the other is known.
        """
        train, test = self.split.train, self.split.test
        fitted = _scaler(recording, scaler, np.unique(train.repetition).tolist())
        # What is not scaled is not copied: a transform of another layout rounds otherwise.
        scaled = recording if scaler == "none" else fitted.apply(recording)
        length = round(window_ms * recording.rate / 1000)
        every = round(train.recording.rate / recording.rate)

        def side(windows: Windows) -> Windows:
            last = (windows.starts + windows.length - 1 - delay) // every
            return Windows(scaled, last + 1 - length, length)

        return Prepared(Split(side(train), side(test)), fitted).audited()


@dataclass(frozen=True)
class Protocol:
    """What is cut from a recording, what is held out, and what is fitted to what.

    Parameters
    ----------
    window_ms, step_ms : float
        Window length and distance of windows, in milliseconds.
    train_step_ms : float
        Distance of training windows, in milliseconds; as ``step_ms`` if 0.
    rate_hz : float
        A signal of a higher rate becomes an envelope of this one; 0 leaves signals as they are.
    low_pass_hz : float
        Cutoff of a first-order low-pass for envelopes; 0 for none.
    causal : bool
        Whether it filters forwards only; else it looks ahead.
    labels : {"restimulus", "stimulus"}
        Labels re-aligned to the EMG, or what the screen asked for; for loading.
    movements : tuple of int
        Those that count; all if empty.
    rest : {"thinned", "trial", "all", "none"}
        Thinned to a movement's share; one trial a repetition; all of it; no class.
    pure : bool
        Leave out windows over a boundary of movements, repetitions or exercises.
    split : {"repetition", "leave one repetition out", "window", "subject"}
        What is held out. Single windows leak: their neighbours train.
    test_repetitions : tuple of int
        Held out where the split is by repetition; as many windows where it is by window.
    scaler : {"training", "everything", "none"}
        What the mean and standard deviation of a channel come from. Everything leaks.
    vote_ms : float
        Milliseconds whose predictions vote; 0 for none.

    Raises
    ------
    ValueError
        If a name is unknown.
    """

    window_ms: float
    step_ms: float
    train_step_ms: float = 0.0
    rate_hz: float = 0.0
    low_pass_hz: float = 0.0
    causal: bool = False
    labels: str = "restimulus"
    movements: tuple[int, ...] = ()
    rest: str = "thinned"
    pure: bool = True
    split: str = "repetition"
    test_repetitions: tuple[int, ...] = (2, 5)
    scaler: str = "training"
    vote_ms: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("rest", RESTS), ("split", SPLITS), ("scaler", SCALERS)):
            check_name(name, getattr(self, name), known)

    @classmethod
    def of(cls, settings: Any) -> Protocol:
        """Return the protocol that a paper's settings fix: those of the same names."""
        names = [each.name for each in dataclasses.fields(cls)]
        return cls(**{name: getattr(settings, name) for name in names if hasattr(settings, name)})

    def prepare(self, recording: Recording) -> Prepared:
        """Return one subject's windows and scaler, audited: the first fold, if there are several.

        Raises
        ------
        LeakError
            If the protocol leaks.
        DataError
            If a repetition is not there, or the split is not one of a single subject.
        """
        return next(self.folds(recording)).audited()

    def folds(self, recording: Recording, *, seed: int = 0) -> Iterator[Prepared]:
        """Yield one subject's folds as the values say, leaks and all."""
        if self.split == "subject":
            raise DataError("a split by subject needs the others: see across")
        recording = self.signal(recording)
        present = np.unique(recording.repetition).tolist()
        alone = self.split == "leave one repetition out"
        for test in [[each] for each in present] if alone else [list(self.test_repetitions)]:
            seen = present if self.scaler == "everything" else sorted({*present} - {*test})
            scaler = _scaler(recording, self.scaler, seen)
            windows = self.windows(scaler.apply(recording))
            split = splits.by_repetition(windows, test)
            if self.split == "window":
                split = _at_random(windows, len(split.test), seed=seed)
            yield Prepared(Split(self._thinned(split.train), split.test), scaler)

    def across(self, train: Sequence[Recording], test: Sequence[Recording]) -> list[Prepared]:
        """Return windows of some subjects to train on, beside those of each other subject.

        All share the training windows and the scaler, which is that of the training subjects.
        They give a quarter of their windows each, so that a network does not train for hours.
        """
        everybody = concatenate([replace(self.signal(each), subject=0) for each in train])
        scaler = _scaler(everybody, self.scaler, np.unique(everybody.repetition).tolist())
        seen = self._thinned(self.windows(scaler.apply(everybody)))[::4]
        unseen = [self.windows(scaler.apply(self.signal(each))) for each in test]
        return [Prepared(Split(seen, own), scaler) for own in unseen]

    def signal(self, recording: Recording) -> Recording:
        """Return the signal that windows are cut from: an envelope or smoothed, if asked for."""
        if self.rate_hz and recording.rate > self.rate_hz:
            recording = envelope(recording, rate=self.rate_hz)
        if self.low_pass_hz:
            recording = low_pass(recording, cutoff_hz=self.low_pass_hz, causal=self.causal)
        return recording

    def windows(self, recording: Recording) -> Windows:
        """Cut a recording into the windows that count.

        Raises
        ------
        DataError
            If none of the movements is there.
        """
        windows = cut(recording, length_ms=self.window_ms, step_ms=self.step_ms, pure=self.pure)
        moving = windows.label > 0
        if self.movements:
            moving = np.isin(windows.label, self.movements)
        if not moving.any():
            raise DataError(f"none of the movements {self.movements or ''} is in {recording!r}")
        if self.rest == "none":
            return windows[moving]
        if self.movements:
            windows = windows[moving | (windows.label == 0)]
        few = {"thinned": thin_rest, "trial": one_rest}.get(self.rest)
        return few(windows) if few else windows

    def _thinned(self, train: Windows) -> Windows:
        # Neighbours one sample apart say nearly the same twice.
        every = round(self.train_step_ms / self.step_ms) if self.train_step_ms else 1
        return train[:: max(1, every)]


def _scaler(recording: Recording, name: str, repetitions: Sequence[int]) -> Standardiser:
    if name == "none":
        return Standardiser.identity(recording.n_channels)
    return Standardiser.fit(recording, repetitions)


def _at_random(windows: Windows, n_test: int, *, seed: int = 0) -> Split:
    """Hold out single windows at random: the mistake, since their neighbours train."""
    shuffled = np.random.default_rng(seed).permutation(len(windows))
    return Split(windows[np.sort(shuffled[n_test:])], windows[np.sort(shuffled[:n_test])])

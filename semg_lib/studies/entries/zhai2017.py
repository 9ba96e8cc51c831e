"""Zhai's CNN on spectrograms of 200 ms, calibrated once: what follows corrects nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semg_lib.learning.methods import Fitted, Method
from semg_lib.learning.recalibration import Session
from semg_lib.papers import zhai2017
from semg_lib.signals import splits
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.spectrograms import SpectralComponents
from semg_lib.signals.windows import Windows
from semg_lib.studies.entries import Look

TITLE = "Zhai's CNN, frozen"


@dataclass(frozen=True)
class FrozenZhai:
    """zhai2017's network on components of spectrograms; calibrated once, it stays frozen."""

    settings: zhai2017.Settings
    name: str = "zhai2017"

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train a network on each training side."""
        return [self._train(each, seed=seed, device=device) for each in prepared]

    def _train(self, prepared: Prepared, *, seed: int, device: str) -> Fitted:
        train = prepared.split.train
        fitted = SpectralComponents.of(self.settings, device=device).fit(train)
        splits.audit(prepared.split, fitted)
        first = Session(fitted.apply(train), train.label)
        decoder = zhai2017.calibrate("cnn", first, self.settings, seed=seed, device=device)

        def predict(windows: Windows) -> np.ndarray:
            unlabelled = Session(fitted.apply(windows), np.zeros(len(windows), int))
            return decoder.classes[decoder.probabilities(unlabelled).argmax(axis=1)]

        return Fitted(predict, decoder.history, getattr(decoder, "network", None))


def look(settings: zhai2017.Settings) -> Look:
    """Return what the network sees: the signal in its own unit."""
    return Look(settings.window_ms, scaler="none")


def method(settings: zhai2017.Settings) -> Method:
    """Return the paper's CNN without recalibration."""
    return FrozenZhai(settings)

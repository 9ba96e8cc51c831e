"""Zhai's CNN on spectrograms of 200 ms, calibrated once: what follows corrects nothing."""

from __future__ import annotations

from functools import partial

import numpy as np

from semg_lib.learning.methods import Fitted, Method
from semg_lib.learning.recalibration import Session
from semg_lib.papers import zhai2017
from semg_lib.signals import splits
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.spectrograms import SpectralComponents
from semg_lib.signals.windows import Windows
from semg_lib.studies.entries import Look, OneByOne

TITLE = "Zhai's CNN, frozen"


def _train(settings: zhai2017.Settings, prepared: Prepared, *, seed: int, device: str) -> Fitted:
    """Train the network on components of spectrograms."""
    train = prepared.split.train
    fitted = SpectralComponents.of(settings, device=device).fit(train)
    splits.audit(prepared.split, fitted)
    first = Session(fitted.apply(train), train.label)
    decoder = zhai2017.calibrate("cnn", first, settings, seed=seed, device=device)

    def predict(windows: Windows) -> np.ndarray:
        unlabelled = Session(fitted.apply(windows), np.zeros(len(windows), int))
        return decoder.classes[decoder.probabilities(unlabelled).argmax(axis=1)]

    return Fitted(predict, decoder.history, getattr(decoder, "network", None))


def look(settings: zhai2017.Settings) -> Look:
    """Return what the network sees: the signal in its own unit."""
    return Look(settings.window_ms, scaler="none")


def method(settings: zhai2017.Settings) -> Method:
    """Return the paper's CNN without recalibration."""
    return OneByOne("zhai2017", partial(_train, settings))

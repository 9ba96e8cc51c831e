"""Zhai, Jelfs, Chan and Tin (2017): a CNN on spectrograms that recalibrates itself.

Self-recalibrating surface EMG pattern recognition for neuroprosthesis control based on
convolutional neural network. Frontiers in Neuroscience 11:379, doi:10.3389/fnins.2017.00379.

The session loop is in ``learning.recalibration``, its decoders in ``learning.decoders``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from semg_lib.errors import DataError, check_name
from semg_lib.evaluation.scores import Reported
from semg_lib.learning import recalibration
from semg_lib.learning.decoders import NetworkDecoder, SvmDecoder
from semg_lib.learning.networks import expect
from semg_lib.learning.outcomes import SessionOutcome
from semg_lib.learning.recalibration import Session
from semg_lib.learning.settings import choose, raw_database, setting
from semg_lib.learning.studies import Study
from semg_lib.learning.training import Recipe
from semg_lib.recordings.forearm import Drift
from semg_lib.recordings.recording import Recording
from semg_lib.signals import spectrograms, splits
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.spectrograms import ChannelPCA
from semg_lib.signals.windows import Windows, trials

METHODS = ("cnn_frozen", "cnn_recalibrated", "cnn_oracle", "svm_frozen", "svm_recalibrated")
DATABASES = {"db2": "BCD", "db3": "B"}
# The paper states dropout and back-propagation; its optimiser is unknown.
RECIPES = {"recommended": Recipe(0.02, batch_size=32, schedule="cosine", initial="he")}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(200, "S", "segment length, ms")
    step_ms: float = setting(100, "S", "distance of segments, ms")
    n_fft: int = setting(256, "S", "samples in a frame of the spectrogram")
    overlap: int = setting(184, "S", "samples that neighbouring frames share")
    bins: int = setting(95, "C", "frequencies kept of 129, 0 to 734 Hz")
    intensity: str = setting("decibel", "A", "power, magnitude or decibel, brought to 0..1 (S)")
    range_db: float = setting(40, "A", "dB below the largest that count as 0")
    scaled_over: str = setting("window", "A", "whose largest value is 1: the window's or channel's")
    components: int = setting(25, "R", "principal components a channel")
    whiten: bool = setting(False, "A", "bring every component to unit variance")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    movements: tuple[int, ...] = setting((), "A", "movements of the database; all if empty")
    rest: str = setting("thinned", "D", "a class: 49 movements and rest are the stated 50")
    filters: int = setting(16, "A", "filters of the convolution")
    kernel: int = setting(3, "A", "size of its kernels, electrodes and components")
    hidden: int = setting(128, "A", "units of the first dense layer")
    dropout: float = setting(0.5, "A", "share of inputs the dense layer loses in training")
    svm_c: float = setting(10.0, "A", "penalty of the SVM with an RBF kernel")
    correction: str = setting("majority", "A", "vote over a trial: majority, confidence or none")
    kept: int = setting(2, "A", "latest sessions that are trained on")
    same_size: bool = setting(True, "A", "on as many windows as the first session has")
    refit: str = setting("retrain", "A", "from scratch, or fine-tune at a tenth of the rate")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`."""
        settings = cls()
        if raw_database("zhai2017", database, DATABASES).name == "db3":
            # The amputees' ten movements are unknown: the first ten of exercise B, without rest.
            settings = replace(settings, movements=tuple(range(1, 11)), rest="none")
        return choose(settings, RECIPES, recipe, preset, epochs, quick={"epochs": 10})


def images(windows: Windows, settings: Settings, *, device: str = "cpu") -> Iterator[Tensor]:
    """Yield scaled spectrograms of blocks of windows, (window, channel, frequency, frame)."""
    how = {name: getattr(settings, name) for name in ("n_fft", "overlap", "bins", "intensity")}
    how |= {"over": settings.scaled_over, "range_db": settings.range_db}
    yield from spectrograms.images(windows, **how, device=device)


def prepare(
    recording: Recording, settings: Settings, *, device: str = "cpu"
) -> tuple[list[Session], ChannelPCA]:
    """Turn a recording into sessions, all in components and scale of the first repetition."""
    windows = Protocol.of(settings).windows(recording)
    first, *later = np.unique(windows.repetition).tolist()
    if not later:
        raise DataError(f"{recording!r} has one repetition; sessions need at least two")
    split = splits.by_repetition(windows, later)
    seen = torch.cat(list(images(split.train, settings, device=device)))
    pca = ChannelPCA.fit(seen, settings.components, repetitions=[first], whiten=settings.whiten)
    splits.audit(split, pca)
    sessions = []
    for each in splits.by_session(windows):
        x = torch.cat([pca.apply(block) for block in images(each, settings, device=device)])
        sessions.append(Session(x, each.label, trials(each)))
    unit = sessions[0].x.std()
    return [replace(each, x=each.x / unit) for each in sessions], pca


class ZhaiNet(nn.Module):
    """The paper's CNN: one convolution, dropout, two dense layers.

    Input (batch, channel, component), output logits (batch, class). The convolution is not
    padded, as is MatConvNet's default. There are 477,778 parameters with 12 channels and 50
    classes, 378,410 with 10 and 10.
    """

    def __init__(
        self,
        n_channels: int,
        n_samples: int,
        n_classes: int,
        *,
        filters: int = 16,
        kernel: int = 3,
        hidden: int = 128,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.n_channels, self.n_samples = n_channels, n_samples
        rows, columns = n_channels - kernel + 1, n_samples - kernel + 1
        if min(rows, columns) < 1:
            raise ValueError(f"kernel {kernel} does not fit {n_channels} x {n_samples} values")
        self.convolution = nn.Sequential(nn.Conv2d(1, filters, kernel), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Sequential(nn.Linear(filters * rows * columns, hidden), nn.ReLU())
        self.classifier = nn.Linear(hidden, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples)
        x = self.convolution(x.unsqueeze(1))  # (batch, 16, 10, 23) of 12 x 25
        x = self.dropout(x).flatten(1)
        return self.classifier(self.hidden(x))  # (batch, class)


def calibrate(
    kind: str, first: Session, settings: Settings, *, seed: int = 0, device: str = "cpu"
) -> NetworkDecoder | SvmDecoder:
    """Return a decoder, ``"cnn"`` or ``"svm"``, trained on the calibration session."""
    decoder: NetworkDecoder | SvmDecoder = SvmDecoder(np.unique(first.label), settings.svm_c)
    if kind == "cnn":
        names = ("filters", "kernel", "hidden", "dropout")
        make = partial(ZhaiNet, **{name: getattr(settings, name) for name in names})
        own = decoder.classes, make, settings.recipe, settings.refit
        decoder = NetworkDecoder(*own, seed=seed, device=device)
    decoder.fit(first)
    return decoder


def replicate(
    recordings: Sequence[Recording],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[SessionOutcome]:
    """Run the paper's comparison, subject by subject, over the second and later repetitions."""
    for method in methods:
        check_name("method", method, METHODS)
    kept = settings.kept, settings.same_size
    for recording in recordings:
        sessions, _ = prepare(recording, settings, device=device)
        calibrated: dict[str, NetworkDecoder | SvmDecoder] = {}
        for method in methods:
            kind, _, mode = method.partition("_")
            if kind not in calibrated:
                calibrated[kind] = calibrate(kind, sessions[0], settings, seed=seed, device=device)
            mode = settings.correction if mode == "recalibrated" else mode
            said = recalibration.follow(calibrated[kind], sessions, mode, *kept)
            yield replace(said, subject=recording.subject, method=method)


STRENGTHS = (0, 0.5, 1, 1.5, 2, 3)  # of the simulated drift; 1 is the simulator's default
_KEPT = {"1 session": 1, "3 sessions": 3, "all sessions": 99}
STUDIES = {
    # Every assumption and what else it could be; each row changes one setting of the run's own.
    "assumptions": Study(
        methods=METHODS[:2],
        variants={"as chosen": {}}
        | {f"{n} filters": {"filters": n} for n in (8, 32)}
        | {"kernels 5 x 5": {"kernel": 5}}
        | {f"{n} hidden units": {"hidden": n} for n in (64, 256)}
        | {"no dropout": {"dropout": 0.0}}
        | {f"{n} components": {"components": n} for n in (10, 50)}
        | {"whitened components": {"whiten": True}}
        | {name: {"intensity": name} for name in ("power", "magnitude")}
        | {"each channel to 0..1": {"scaled_over": "channel"}}
        | {f"{text} kept": {"kept": n} for text, n in _KEPT.items()}
        | {"all sessions kept, all windows": {"kept": 99, "same_size": False}}
        | {"no vote": {"correction": "none"}}
        | {"confidence-weighted vote": {"correction": "confidence"}}
        | {"fine-tuned": {"refit": "fine-tune"}},
    ),
    "drift": Study(
        methods=METHODS[:3],
        simulated={f"{strength:g}": {"drift": Drift(*[strength] * 4)} for strength in STRENGTHS},
    ),
}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    cnn, svm = accuracy["cnn_recalibrated"], accuracy["svm_recalibrated"]
    gain = cnn - accuracy["cnn_frozen"]
    return {
        "recalibration raises the CNN's accuracy": gain,
        "the CNN gains more from it than the SVM": gain - (svm - accuracy["svm_frozen"]),
        "the recalibrated CNN is above the recalibrated SVM": cnn - svm,
    }


# Points gained over the CNN that is not recalibrated, averaged over subjects and five sessions.
REPORTED = (
    Reported("db2", "cnn_gain", 10.18, None, "S", "intact subjects, 50 movement types"),
    Reported("db3", "cnn_gain", 2.99, None, "S", "amputees, 10 movement types"),
)

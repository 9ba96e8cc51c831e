"""Zhai, Jelfs, Chan and Tin (2017): a CNN on spectrograms that recalibrates itself.

Self-recalibrating surface EMG pattern recognition for neuroprosthesis control based on
convolutional neural network. Frontiers in Neuroscience 11:379, doi:10.3389/fnins.2017.00379.

Spectrograms and components are in ``spectrograms``, the session loop in ``recalibration``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.special
import torch
from sklearn.svm import SVC
from torch import Tensor, nn

from semg_lib.errors import DataError, check_name
from semg_lib.evaluation.scores import Reported, SessionOutcome
from semg_lib.learning import recalibration, training
from semg_lib.learning.recalibration import Session
from semg_lib.learning.settings import change, choose, setting
from semg_lib.learning.training import History, Recipe
from semg_lib.recordings import databases, simulator
from semg_lib.recordings.forearm import Drift
from semg_lib.recordings.recording import Recording
from semg_lib.signals import spectrograms, splits
from semg_lib.signals.spectrograms import ChannelPCA
from semg_lib.signals.windows import Windows, cut, thin_rest

METHODS = ("cnn_frozen", "cnn_recalibrated", "cnn_oracle", "svm_frozen", "svm_recalibrated")
DATABASES = {"db2": "BCD", "db3": "B"}
REFITS = ("retrain", "fine-tune")

RECIPES = {
    # The paper states dropout and back-propagation; its optimiser is unknown.
    "recommended": Recipe(
        learning_rate=0.02, batch_size=32, epochs=30, schedule="cosine", initial="he"
    ),
}


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
    rest: bool = setting(True, "D", "rest is a class: 49 movements and rest are the stated 50")
    filters: int = setting(16, "A", "filters of the convolution")
    kernel: int = setting(3, "A", "size of its kernels, electrodes and components")
    hidden: int = setting(128, "A", "units of the first dense layer")
    dropout: float = setting(0.5, "A", "share of inputs the dense layer loses in training")
    svm_c: float = setting(10.0, "A", "penalty of the SVM with an RBF kernel")
    correction: str = setting("majority", "A", "vote over a trial: majority, confidence or none")
    kept: int = setting(2, "A", "latest sessions that are trained on")
    same_size: bool = setting(True, "A", "on as many windows as the first session has")
    refit: str = setting(
        "retrain", "A", "retrain from scratch, or fine-tune at a tenth of the rate"
    )
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    def __post_init__(self) -> None:
        check_name("refit", self.refit, REFITS)
        check_name("correction", self.correction, recalibration.MODES)

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset.

        Parameters
        ----------
        database : {"db2", "db3"}
            The ten movements of the amputees (DB3) are unknown; the first ten of exercise B,
            without rest, are assumed.
        recipe : {"recommended"}
        preset : {"full", "quick"}
            ``quick`` trains for 10 epochs instead of 30.
        epochs : int
            Instead of the recipe's own, if not 0.

        Raises
        ------
        ValueError
            If a name is unknown, or the database has no raw signals.
        """
        spec = databases.database(database)
        if spec.rate != simulator.RAW_RATE:
            raise ValueError(
                f"zhai2017 needs raw signals, {spec.name} has envelopes: choose from db2, db3"
            )
        settings = cls()
        if spec.name == "db3":
            settings = replace(settings, movements=tuple(range(1, 11)), rest=False)
        return choose(settings, RECIPES, recipe, preset, epochs, quick={"epochs": 10})


def segments(recording: Recording, settings: Settings) -> Windows:
    """Cut a recording into the paper's segments, of the movements that count."""
    windows = cut(recording, length_ms=settings.window_ms, step_ms=settings.step_ms)
    label = windows.label
    wanted = np.isin(label, settings.movements) if settings.movements else label > 0
    if not wanted.any():
        raise DataError(f"none of the movements {settings.movements} is in {recording!r}")
    if settings.rest:
        return thin_rest(windows[wanted | (label == 0)])
    return windows[wanted]


def images(
    windows: Windows, settings: Settings, *, device: str = "cpu", block: int = 512
) -> Iterator[Tensor]:
    """Yield the spectrograms of blocks of windows, (window, channel, frequency, frame), 0..1."""
    data = windows.to(device)
    for index in torch.arange(len(windows), device=device).split(block):
        power = spectrograms.spectrogram(
            data.gather(index),
            rate=windows.recording.rate,
            n_fft=settings.n_fft,
            overlap=settings.overlap,
        )
        yield spectrograms.scale(
            power[:, :, : settings.bins],
            settings.intensity,
            settings.scaled_over,
            settings.range_db,
        )


def prepare(
    recording: Recording, settings: Settings, *, device: str = "cpu"
) -> tuple[list[Session], ChannelPCA]:
    """Turn a recording into sessions of features, one repetition a session.

    Components, and the scale of the network's input, are those of the first session alone.
    """
    windows = segments(recording, settings)
    first, *later = np.unique(windows.repetition).tolist()
    if not later:
        raise DataError(f"{recording!r} has one repetition; sessions need at least two")
    split = splits.by_repetition(windows, later)
    pca = ChannelPCA.fit(
        torch.cat(list(images(split.train, settings, device=device))),
        settings.components,
        repetitions=[first],
        whiten=settings.whiten,
    )
    splits.audit(split, pca)
    sessions: list[Session] = []
    for each in splits.by_session(windows):
        x = torch.cat([pca.apply(block) for block in images(each, settings, device=device)])
        sessions.append(Session(x, each.label, recalibration.trials(each)))
    unit = sessions[0].x.std()
    return [replace(each, x=each.x / unit) for each in sessions], pca


class ZhaiNet(nn.Module):
    """The paper's CNN: one convolution, dropout, two dense layers.

    Parameters
    ----------
    n_channels, n_samples, n_classes : int
        Electrodes, components of each (25), and classes.
    filters, kernel, hidden : int
        The paper gives none of them.
    dropout : float

    Notes
    -----
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
        if kernel > min(n_channels, n_samples):
            raise ValueError(
                f"a kernel of {kernel} x {kernel} does not fit {n_channels} channels x "
                f"{n_samples} components"
            )
        rows, columns = n_channels - kernel + 1, n_samples - kernel + 1
        self.convolution = nn.Sequential(nn.Conv2d(1, filters, kernel), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Sequential(nn.Linear(filters * rows * columns, hidden), nn.ReLU())
        self.classifier = nn.Linear(hidden, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != (self.n_channels, self.n_samples):
            raise ValueError(
                f"expected input (batch, {self.n_channels}, {self.n_samples}), got {tuple(x.shape)}"
            )
        x = self.convolution(x.unsqueeze(1))  # (batch, 16, 10, 23) of 12 x 25
        x = self.dropout(x).flatten(1)
        return self.classifier(self.hidden(x))  # (batch, class)


class CnnDecoder:
    """The network as the session loop uses it."""

    def __init__(
        self, classes: np.ndarray, settings: Settings, *, seed: int = 0, device: str = "cpu"
    ) -> None:
        self.classes, self.settings, self.seed, self.device = classes, settings, seed, device
        self.network: nn.Module | None = None
        self.history = History()

    def fit(
        self, session: Session, *, report: Callable[[int, History], None] | None = None
    ) -> None:
        settings, recipe = self.settings, self.settings.recipe
        if self.network is None or settings.refit == "retrain":
            self.network = training.build(
                lambda: ZhaiNet(
                    *session.x.shape[1:],
                    len(self.classes),
                    filters=settings.filters,
                    kernel=settings.kernel,
                    hidden=settings.hidden,
                    dropout=settings.dropout,
                ),
                recipe,
                seed=self.seed,
                device=self.device,
            )
        else:
            training.seed_everything(self.seed)
            recipe = replace(recipe, learning_rate=recipe.learning_rate / 10)
        self.history = training.fit(
            self.network,
            session,
            self.classes,
            recipe,
            seed=self.seed,
            device=self.device,
            report=report,
        )

    def probabilities(self, session: Session) -> np.ndarray:
        return training.scores(self.network, session)


class SvmDecoder:
    """The paper's baseline, a support vector machine on the same features."""

    def __init__(self, classes: np.ndarray, settings: Settings) -> None:
        self.classes, self.settings = classes, settings
        self.history = History()  # there are no epochs

    def fit(self, session: Session) -> None:
        self.seen = np.unique(session.label)
        self.svm = SVC(C=self.settings.svm_c, gamma="scale", cache_size=1000)
        if len(self.seen) > 1:  # recalibration can end with one movement for everything
            self.svm.fit(session.x.flatten(1).cpu().numpy(), session.label)

    def probabilities(self, session: Session) -> np.ndarray:
        """Return shares that rank as the one-against-one votes do; they are not calibrated."""
        decision = np.zeros((len(session), len(self.seen)))
        if len(self.seen) > 1:
            decision = self.svm.decision_function(session.x.flatten(1).cpu().numpy())
        if decision.ndim == 1:  # two classes: scikit-learn gives one column
            decision = np.stack([-decision, decision], axis=1)
        # Classes that recalibration has lost are never predicted again.
        known = np.full((len(session), len(self.classes)), -np.inf)
        known[:, np.searchsorted(self.classes, self.seen)] = decision
        return scipy.special.softmax(known, axis=1)


def replicate(
    recording: Recording,
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[SessionOutcome]:
    """Run the paper's comparison on one subject, method by method.

    Yields
    ------
    SessionOutcome
        One a method, in the order of ``methods``, over the second and later repetitions.

    Raises
    ------
    ValueError
        If a method is unknown.
    """
    for method in methods:
        check_name("method", method, METHODS)
    sessions, _ = prepare(recording, settings, device=device)
    modes = {
        "frozen": recalibration.FROZEN,
        "recalibrated": settings.correction,
        "oracle": recalibration.ORACLE,
    }
    calibrated = {}
    for method in methods:
        kind, _, mode = method.partition("_")
        if kind not in calibrated:
            calibrated[kind] = calibrate(kind, sessions[0], settings, seed=seed, device=device)
        yield follow(calibrated[kind], sessions, modes[mode], settings, method, recording.subject)


def calibrate(
    kind: str, first: Session, settings: Settings, *, seed: int = 0, device: str = "cpu"
) -> CnnDecoder | SvmDecoder:
    """Return a decoder, ``"cnn"`` or ``"svm"``, trained on the calibration session."""
    classes = np.unique(first.label)
    if kind == "svm":
        decoder = SvmDecoder(classes, settings)
    else:
        decoder = CnnDecoder(classes, settings, seed=seed, device=device)
    decoder.fit(first)
    return decoder


def follow(
    decoder: CnnDecoder | SvmDecoder,
    sessions: Sequence[Session],
    mode: str,
    settings: Settings,
    method: str,
    subject: int,
) -> SessionOutcome:
    """Take a calibrated decoder, which stays as it is, through the later sessions."""
    first, *later = sessions
    steps = recalibration.recalibrate(
        copy.deepcopy(decoder),
        first,
        later,
        mode,
        kept=settings.kept,
        same_size=settings.same_size,
    )
    said = list(zip(steps, later, strict=True))
    return SessionOutcome(
        subject=subject,
        method=method,
        label=np.concatenate([each.label for each in later]),
        predicted=np.concatenate([predicted for predicted, _ in said]),
        loss=tuple(decoder.history.loss),
        session=np.repeat(np.arange(1, len(later) + 1), [len(each) for each in later]),
        agreement=tuple(recalibration.agreement(p, each.trial) for p, each in said),
        named=tuple(recalibration.named(p, each.trial) for p, each in said),
    )


# Every assumption and what else it could be; each row changes one setting of the run's own.
STUDY: dict[str, dict[str, Any]] = {
    "as chosen": {},
    "8 filters": {"filters": 8},
    "32 filters": {"filters": 32},
    "kernels 5 x 5": {"kernel": 5},
    "64 hidden units": {"hidden": 64},
    "256 hidden units": {"hidden": 256},
    "no dropout": {"dropout": 0.0},
    "10 components": {"components": 10},
    "50 components": {"components": 50},
    "whitened components": {"whiten": True},
    "power": {"intensity": "power"},
    "magnitude": {"intensity": "magnitude"},
    "each channel to 0..1": {"scaled_over": "channel"},
    "1 session kept": {"kept": 1},
    "3 sessions kept": {"kept": 3},
    "all sessions kept": {"kept": 99},
    "all sessions kept, all windows": {"kept": 99, "same_size": False},
    "no vote": {"correction": "none"},
    "confidence-weighted vote": {"correction": "confidence"},
    "fine-tuned": {"refit": "fine-tune"},
}
STUDIED = ("cnn_frozen", "cnn_recalibrated")
STRENGTHS = (0, 0.5, 1, 1.5, 2, 3)


def study(
    recording: Recording,
    settings: Settings,
    *,
    variants: Sequence[str] = tuple(STUDY),
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[SessionOutcome]:
    """Run the network for each named row of ``STUDY``; methods are ``row: cnn_frozen`` etc."""
    for name in variants:
        changed = change(settings, STUDY[name])
        for outcome in replicate(recording, changed, methods=STUDIED, seed=seed, device=device):
            yield replace(outcome, method=f"{name}: {outcome.method}")


def drift_study(
    database: str,
    subject: int,
    exercises: str,
    settings: Settings,
    *,
    strengths: Sequence[float],
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[SessionOutcome]:
    """Run the network on one simulated subject whose days differ by more and more.

    A strength of 1 is the simulator's default, 0 none; methods are ``strength: cnn_frozen`` and
    so on.
    """
    for strength in strengths:
        drift = Drift(*[strength] * 4)
        recording = simulator.simulate(
            database, subject, exercises, labels=settings.labels, drift=drift
        )
        methods = (*STUDIED, "cnn_oracle")
        for outcome in replicate(recording, settings, methods=methods, seed=seed, device=device):
            yield replace(outcome, method=f"{strength:g}: {outcome.method}")


STUDIES = {"assumptions": study, "drift": drift_study}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method).

    An accuracy is the mean over sessions.
    """
    gain = {
        kind: accuracy[f"{kind}_recalibrated"] - accuracy[f"{kind}_frozen"]
        for kind in ("cnn", "svm")
    }
    return {
        "recalibration raises the CNN's accuracy": gain["cnn"],
        "the CNN gains more from it than the SVM": gain["cnn"] - gain["svm"],
        "the recalibrated CNN is above the recalibrated SVM": accuracy["cnn_recalibrated"]
        - accuracy["svm_recalibrated"],
    }


# Points gained over the CNN that is not recalibrated, averaged over subjects and five sessions.
REPORTED = (
    Reported("db2", "cnn_gain", 10.18, None, "S", "intact subjects, 50 movement types"),
    Reported("db3", "cnn_gain", 2.99, None, "S", "amputees, 10 movement types"),
)

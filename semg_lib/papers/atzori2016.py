"""Atzori, Cognolato and Müller (2016): a plain CNN against classical classifiers.

Deep learning with convolutional neural networks applied to electromyography data: a resource
for the classification of movements for prosthetic hands. Frontiers in Neurorobotics 10:9,
doi:10.3389/fnbot.2016.00009.

The paper takes its classical side from NinaPro's data paper (atzori2014,
doi:10.1038/sdata.2014.53): pairs of a classifier (``baselines``) and a feature set (``features``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd
from torch import Tensor, nn

from semg_lib.evaluation.scores import Reported
from semg_lib.evaluation.statistics import best_by_others
from semg_lib.learning import baselines
from semg_lib.learning.augmentation import WhiteNoise
from semg_lib.learning.baselines import GRID
from semg_lib.learning.methods import ClassicalMethod, Method, NetworkMethod, replication
from semg_lib.learning.networks import expect
from semg_lib.learning.settings import choose, setting
from semg_lib.learning.studies import Study
from semg_lib.learning.training import INITIAL, Recipe
from semg_lib.recordings import databases
from semg_lib.signals.features import SETS
from semg_lib.signals.protocol import Protocol

DATABASES = {"db1": "A", "db2": "B", "db3": "B"}

_STATED = dict.fromkeys(("momentum", "weight_decay", "batch_size", "epochs"), "S")
RECIPES = {
    # What the paper states, and PyTorch's own conventions where it states nothing.
    "paper": Recipe(0.001, augment=True, marks=_STATED | {"learning_rate": "S", "augment": "S"}),
    # What the study below recommends.
    "recommended": Recipe(
        learning_rate=0.05,
        schedule="cosine",
        initial="he",
        precision="auto",
        marks=_STATED
        | dict.fromkeys(("learning_rate", "schedule", "initial", "augment", "precision"), "O"),
    ),
}
_QUICK = {"step_ms": 30, "train_step_ms": 30, "epochs": 8}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(150, "S", "window length, ms")
    step_ms: float = setting(10, "A", "distance of test windows, ms")
    train_step_ms: float = setting(20, "A", "distance of training windows, ms")
    classical_ms: float = setting(200, "P", "the pairs' window length, ms (atzori2014, p. 8)")
    rate_hz: float = setting(100, "S", "rate of the envelopes; DB2 and DB3 are brought to 200 (R)")
    low_pass_hz: float = setting(0.0, "C", "low-pass of DB1, Hz (1 by later papers); 0 for none")
    causal: bool = setting(False, "A", "the low-pass runs forwards only; else its phase is zero")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5, 7), "C", "held out; the others train")
    rest: str = setting("thinned", "A", "rest is a class, thinned to a movement's share")
    scaler: str = setting("training", "A", "z-scores a channel, from training repetitions")
    unit: bool = setting(False, "A", "the network brings each window to 0..1 by its own extremes")
    snr_db: float = setting(25, "R", "white noise of the augmented copy, dB below the signal")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`."""
        spec = databases.database(database)
        settings = cls(
            rate_hz=min(spec.rate, 200),
            test_repetitions=spec.test_repetitions,
            low_pass_hz=1.0 if recipe == "paper" and not spec.raw else 0.0,
        )
        return choose(settings, RECIPES, recipe, preset, epochs, quick=_QUICK)


def _block(convolution: nn.Module, *pooling: nn.Module) -> nn.Sequential:
    return nn.Sequential(convolution, nn.ReLU(inplace=True), *pooling)


class AtzoriNet(nn.Module):
    """The paper's CNN for windows of envelopes.

    Parameters
    ----------
    n_channels, n_samples, n_classes : int
        10 and 15 for Otto Bock electrodes (DB1), 12 and 30 for Delsys (DB2, DB3).
    unit : bool
        Bring each window to 0..1 by its own least and largest value.

    Raises
    ------
    ValueError
        If the layers do not close to 1 x 1 for this input.

    Notes
    -----
    Input (batch, channel, time), output logits (batch, class). The paper gives no padding. This
    one keeps sizes where it can, (0, 4), (1, 1), (2, 2), (2, 0) for Otto Bock and (0, 5), (1, 1),
    (2, 2), (3, 0) for Delsys, one of several that take the stated kernels to exactly 1 x 1.
    There are 84,853 parameters with 10 channels and 53 classes, 101,106 with 12 and 50.
    """

    def __init__(
        self, n_channels: int, n_samples: int, n_classes: int, *, unit: bool = False
    ) -> None:
        super().__init__()
        self.n_channels, self.n_samples, self.unit = n_channels, n_samples, unit
        # 4 or 5: leaves 9 or 11 columns. Ours: 4 for fewer electrodes than the paper had.
        row = max(4, (n_channels - 1) // 2)
        height = n_samples // 3 // 3  # rows left after two poolings: 1 or 3
        tall = {1: 5, 3: 9}.get(height)
        if tall is None or (2 * row + 1) // 3 // 3 != 1:
            raise ValueError(
                f"{n_channels} channels x {n_samples} samples do not close to 1 x 1: "
                "expected 1 to 18 channels and 9 to 17 or 27 to 35 samples"
            )
        self.block1 = _block(nn.Conv2d(1, 32, (1, n_channels), padding=(0, row)))
        self.block2 = _block(nn.Conv2d(32, 32, 3, padding=1), nn.AvgPool2d(3))
        self.block3 = _block(nn.Conv2d(32, 64, 5, padding=2), nn.AvgPool2d(3))
        self.block4 = _block(nn.Conv2d(64, 64, (tall, 1), padding=((tall - height) // 2, 0)))
        self.classifier = nn.Conv2d(64, n_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples)
        if self.unit:
            low, high = x.amin((1, 2), keepdim=True), x.amax((1, 2), keepdim=True)
            x = (x - low) / (high - low).clamp_min(1e-6)
        x = x.transpose(1, 2).unsqueeze(1)  # (batch, 1, time, channel): the paper's image
        x = self.block1(x)  # (batch, 32, 15, 9) or (batch, 32, 30, 11)
        x = self.block2(x)  # (batch, 32, 5, 3) or (batch, 32, 10, 3)
        x = self.block3(x)  # (batch, 64, 1, 1) or (batch, 64, 3, 1)
        x = self.block4(x)  # (batch, 64, 1, 1)
        return self.classifier(x).flatten(1)  # (batch, class)


def _cnn(settings: Settings) -> NetworkMethod:
    make = partial(AtzoriNet, unit=settings.unit)
    noise = partial(WhiteNoise.undoing, snr_db=settings.snr_db)
    return NetworkMethod("cnn", make, settings.recipe, noise)


def _classical(title: str, classifier: str, features: str) -> Callable[[Settings], Method]:
    return lambda settings: ClassicalMethod(classifier, SETS[features], title)


# The paper's average has LDA on three sets only.
PAIRS = tuple(pair for pair in GRID if pair not in ("lda_hist", "lda_all"))
METHODS: dict[str, Callable[[Settings], Method]] = {
    "cnn": _cnn,
    **{name: _classical(name, name, "ours") for name in baselines.NAMES},
    **{pair: _classical(pair, *GRID[pair]) for pair in GRID},
}


def _under(settings: Settings, method: str) -> Protocol:
    """Return the protocol of a method: the pairs see longer windows, as in their paper."""
    protocol = Protocol.of(settings)
    return replace(protocol, window_ms=settings.classical_ms) if method in GRID else protocol


replicate = replication(METHODS, _under)


# Which unstated setting lets the stated learning rate of 0.001 train? At that rate all are crossed.
_INPUTS: dict[str, dict[str, object]] = {
    "volts": {"scaler": "none"},
    "z-scores": {},
    "windows 0..1": {"scaler": "none", "unit": True},
}
_ROUGH, _SMOOTH = {"low_pass_hz": 0.0}, {"low_pass_hz": 1.0}
_BEST = {"initial": "he", "learning_rate": 0.05, "schedule": "cosine"} | _ROUGH
STUDIES = {
    # A device cannot look ahead.
    "filter": Study(
        ("cnn", *baselines.NAMES),
        {"none": _ROUGH, "1 Hz": _SMOOTH, "1 Hz, forwards": _SMOOTH | {"causal": True}},
    ),
    "optimiser": Study(
        methods=("cnn",),
        recipe=RECIPES["paper"],
        variants={
            f"{scale}{', 1 Hz' * smooth}, {initial}, {rate:g}{', noise' * noise}": _INPUTS[scale]
            | {"low_pass_hz": float(smooth), "augment": bool(noise)}
            | {"initial": initial, "learning_rate": rate}
            for rate, most in ((0.001, 2), (0.01, 1), (0.05, 1))
            for scale in _INPUTS
            for smooth in range(most)
            for initial in INITIAL
            for noise in range(most)
        }
        | {"recommended": _BEST | {"augment": False}, "recommended, noise": _BEST},
    ),
}


def claims(accuracy: pd.DataFrame, classical: Sequence[str] = PAIRS) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    accuracy = accuracy.reindex(columns=["cnn", *classical]).dropna()
    others = accuracy[list(classical)]
    return {
        "the CNN is above the classical average": accuracy["cnn"] - others.mean(axis=1),
        # Chosen by the other subjects: the best of these subjects flatters itself on them.
        "the CNN is below the best classical method": best_by_others(others) - accuracy["cnn"],
    }


# Mean and standard deviation over subjects, in per cent (all marked S).
REPORTED = (
    Reported("db1", "cnn", 66.59, 6.40, "S"),
    Reported("db1", "classical average", 62.06, 6.07, "S"),
    Reported("db1", "random_forest_all", 75.32, 5.69, "S", "the best classical method"),
    Reported("db2", "cnn", 60.27, 7.70, "S"),
    Reported("db2", "classical average", 60.28, 6.51, "S"),
    Reported("db2", "random_forest_all", 75.27, 7.89, "S", "the best classical method"),
    Reported("db3", "cnn", 38.09, 14.29, "S"),
    Reported("db3", "classical average", 38.82, 11.99, "S"),
    Reported("db3", "svm_all", 46.27, 7.89, "S", "the best classical method"),
)

"""Atzori, Cognolato and Müller (2016): a plain CNN against classical classifiers.

Deep learning with convolutional neural networks applied to electromyography data: a resource
for the classification of movements for prosthetic hands. Frontiers in Neurorobotics 10:9,
doi:10.3389/fnbot.2016.00009.

Both networks (Otto Bock and Delsys electrodes), the settings and the split are here; the
classical side is in ``signals.features`` and ``learning.baselines``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pandas as pd
from torch import Tensor, nn

from semg_lib.evaluation.scores import Reported
from semg_lib.evaluation.statistics import best_by_others
from semg_lib.learning import baselines
from semg_lib.learning.augmentation import WhiteNoise
from semg_lib.learning.methods import ClassicalMethod, Method, NetworkMethod, replication
from semg_lib.learning.networks import expect
from semg_lib.learning.settings import choose, setting
from semg_lib.learning.studies import Study
from semg_lib.learning.training import INITIAL, Recipe
from semg_lib.recordings import databases
from semg_lib.signals.preprocessing import Standardiser

DATABASES = {"db1": "A", "db2": "B", "db3": "B"}

_STATED = dict.fromkeys(("momentum", "weight_decay", "batch_size", "epochs"), "S")
RECIPES = {
    # What the paper states, and PyTorch's own conventions where it states nothing.
    "paper": Recipe(
        learning_rate=0.001,
        augment=True,
        marks=_STATED | {"learning_rate": "S", "augment": "S"},
    ),
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


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(150, "S", "window length, ms")
    step_ms: float = setting(10, "A", "distance of test windows, ms")
    train_step_ms: float = setting(20, "A", "distance of training windows, ms")
    rate_hz: float = setting(100, "S", "rate of the envelopes; DB2 and DB3 are brought to 200 (R)")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5, 7), "C", "held out; the others train")
    rest: str = setting("thinned", "A", "rest is a class, thinned to a movement's share")
    scaler: str = setting("training", "A", "z-scores a channel, from training repetitions")
    snr_db: float = setting(25, "R", "white noise of the augmented copy, dB below the signal")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`.

        ``quick`` takes a window every 30 ms and 8 epochs, to be through in seconds.
        """
        spec = databases.database(database)
        settings = cls(rate_hz=min(spec.rate, 200), test_repetitions=spec.test_repetitions)
        quick = {"step_ms": 30, "train_step_ms": 30, "epochs": 8}
        return choose(settings, RECIPES, recipe, preset, epochs, quick=quick)


class AtzoriNet(nn.Module):
    """The paper's CNN for windows of envelopes.

    Parameters
    ----------
    n_channels, n_samples, n_classes : int
        10 and 15 for Otto Bock electrodes (DB1), 12 and 30 for Delsys (DB2, DB3).

    Raises
    ------
    ValueError
        If the layers do not close to 1 x 1 for this input.

    Notes
    -----
    Input (batch, channel, time), output logits (batch, class). The padding, (0, 4), (1, 1),
    (2, 2), (2, 0) for Otto Bock and (0, 5), (1, 1), (2, 2), (3, 0) for Delsys, is derived: it is
    what takes the stated kernels to exactly 1 x 1. There are 84,853 parameters with 10 channels
    and 53 classes, 101,106 with 12 and 50.
    """

    def __init__(self, n_channels: int, n_samples: int, n_classes: int) -> None:
        super().__init__()
        self.n_channels, self.n_samples = n_channels, n_samples
        # 4 or 5: leaves 9 or 11 columns. Ours: 4 for fewer electrodes than the paper had.
        row = max(4, (n_channels - 1) // 2)
        height = n_samples // 3 // 3  # rows left after two poolings: 1 or 3
        tall = {1: 5, 3: 9}.get(height)
        if tall is None or (2 * row + 1) // 3 // 3 != 1:
            raise ValueError(
                f"{n_channels} channels x {n_samples} samples do not close to 1 x 1: "
                "expected 1 to 18 channels and 9 to 17 or 27 to 35 samples"
            )
        self.block1 = nn.Sequential(
            nn.Conv2d(1, 32, (1, n_channels), padding=(0, row)),
            nn.ReLU(inplace=True),
        )
        self.block2 = nn.Sequential(
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(3),
        )
        self.block3 = nn.Sequential(
            nn.Conv2d(32, 64, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(3),
        )
        self.block4 = nn.Sequential(
            nn.Conv2d(64, 64, (tall, 1), padding=((tall - height) // 2, 0)),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Conv2d(64, n_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples)
        x = x.transpose(1, 2).unsqueeze(1)  # (batch, 1, time, channel): the paper's image
        x = self.block1(x)  # (batch, 32, 15, 9) or (batch, 32, 30, 11)
        x = self.block2(x)  # (batch, 32, 5, 3) or (batch, 32, 10, 3)
        x = self.block3(x)  # (batch, 64, 1, 1) or (batch, 64, 3, 1)
        x = self.block4(x)  # (batch, 64, 1, 1)
        return self.classifier(x).flatten(1)  # (batch, class)


def _cnn(settings: Settings) -> NetworkMethod:
    def noise(scaler: Standardiser, device: str) -> WhiteNoise:
        return WhiteNoise.undoing(scaler, settings.snr_db, device)

    return NetworkMethod("cnn", AtzoriNet, settings.recipe, noise)


def _classical(name: str) -> Callable[[Settings], Method]:
    return lambda settings: ClassicalMethod(name)


METHODS: dict[str, Callable[[Settings], Method]] = {
    "cnn": _cnn,
    **{name: _classical(name) for name in baselines.NAMES},
}

# The network sees windows, the classical methods all features of the same windows.
replicate = replication(METHODS)


# The optimiser question: what each row changes in the paper's stated optimiser (SGD, learning
# rate 0.001, momentum 0.9, weight decay 0.0005, batch 256) or in the windows it sees.
_HE = {"initial": "he", "learning_rate": 0.05}
STUDIES = {
    "optimiser": Study(
        methods=("cnn",),
        recipe=replace(RECIPES["paper"], augment=False),
        variants={
            f"{initial}, {rate:g}": {"initial": initial, "learning_rate": rate}
            for initial in INITIAL
            for rate in (0.001, 0.01, 0.05)
        }
        | {
            "pytorch, 0.001, volts": {"scaler": "none"},
            "pytorch, 0.01, volts": {"learning_rate": 0.01, "scaler": "none"},
            "he, 0.05, volts": _HE | {"scaler": "none"},
            "pytorch, 0.001, summed loss": {"loss": "sum"},
            "matconvnet, 0.05, biases x 2": {
                "initial": "matconvnet",
                "learning_rate": 0.05,
                "bias_rate": 2.0,
            },
            "he, 0.05, cosine": _HE | {"schedule": "cosine"},
            "he, 0.05, cosine, noise": _HE | {"schedule": "cosine", "augment": True},
            "he, 0.05, cosine, every 10 ms": _HE | {"schedule": "cosine", "train_step_ms": 10},
        },
    )
}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    accuracy = accuracy.dropna()
    classical = accuracy.drop(columns="cnn")
    return {
        "the CNN is above the classical average": accuracy["cnn"] - classical.mean(axis=1),
        # Chosen by the other subjects: the best of these subjects flatters itself on them.
        "the CNN is below the best classical method": best_by_others(classical) - accuracy["cnn"],
    }


# Mean and standard deviation over subjects, in per cent (all marked S).
REPORTED = (
    Reported("db1", "cnn", 66.59, 6.40, "S"),
    Reported("db1", "classical average", 62.06, 6.07, "S"),
    Reported("db1", "random_forest", 75.32, 5.69, "S", "the best classical method"),
    Reported("db2", "cnn", 60.27, 7.70, "S"),
    Reported("db2", "classical average", 60.28, 6.51, "S"),
    Reported("db2", "random_forest", 75.27, 7.89, "S", "the best classical method"),
    Reported("db3", "cnn", 38.09, 14.29, "S"),
    Reported("db3", "classical average", 38.82, 11.99, "S"),
    Reported("db3", "svm", 46.27, 7.89, "S", "the best classical method"),
)

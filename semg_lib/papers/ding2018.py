"""Ding, Yang, Tian, Yi, Fu and Jiang (2018): a parallel multi-scale CNN.

sEMG-based gesture recognition with convolution neural networks. Sustainability 10(6):1865,
doi:10.3390/su10061865.

Two blocks of convolutions, one with short and one with long kernels along time, keep the
electrodes apart until their last two layers. Each ablation of the paper is one line of
``VARIANTS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from semg_lib.errors import check_name
from semg_lib.evaluation.scores import Reported
from semg_lib.learning.methods import ClassicalMethod, Method, NetworkMethod, replication
from semg_lib.learning.networks import expect
from semg_lib.learning.settings import choose, raw_database, setting
from semg_lib.learning.studies import Study
from semg_lib.learning.training import Recipe
from semg_lib.recordings.forearm import Arm

FILTERS = 40


class Scale(NamedTuple):
    """The kernels of one block along time."""

    width: int  # of layers 1 to 3, samples; layers 4 and 5 have 13
    pooled: bool  # whether pairs of samples are pooled after layers 1 and 2


SHORT = Scale(width=13, pooled=True)  # block 1
LONG = Scale(width=57, pooled=False)  # block 2


class Variant(NamedTuple):
    """Blocks side by side, and whether they keep the electrodes apart."""

    scales: tuple[Scale, ...]
    apart: bool = True


VARIANTS = {
    "C-SK": Variant((SHORT,), apart=False),
    "C-SK2": Variant((SHORT,)),
    "C-2B1": Variant((SHORT, SHORT)),
    "C-2B2": Variant((LONG, LONG)),
    "C-DK": Variant((SHORT, LONG), apart=False),
    "C-B1PB2": Variant((SHORT, LONG)),
}
DATABASES = {"db2": "B", "db3": "B"}


def heights(n_electrodes: int, *, apart: bool) -> tuple[int, ...]:
    """Return how many electrodes the kernels of the five layers span, to bring them to 1.

    Kept apart, layers 4 and 5 do it alone: 6 and 7 for 12; the split between them is assumed.
    Mixed from the first layer, all five share the work evenly, which is assumed too.
    """
    if apart:
        return (1, 1, 1, n_electrodes // 2, n_electrodes - n_electrodes // 2 + 1)
    lost = np.diff(np.linspace(0, n_electrodes - 1, 6).astype(int))
    return tuple(int(each) + 1 for each in lost)


def widths(n_samples: int, scale: Scale) -> list[int]:
    """Return how many samples are left of a window after each layer and pooling of a block."""
    left = [n_samples]
    for number, width in enumerate([scale.width] * 3 + [13] * 2, 1):
        left.append(left[-1] - width + 1)
        if scale.pooled and number <= 2:
            left.append(left[-1] // 2)
    return left


def layer(n_in: int, height: int, width: int, *, pooled: bool = False) -> nn.Sequential:
    """Return a convolution without padding, batch normalisation and ReLU, and perhaps a pooling."""
    return nn.Sequential(
        nn.Conv2d(n_in, FILTERS, (height, width)),
        nn.BatchNorm2d(FILTERS),
        nn.ReLU(inplace=True),
        *([nn.MaxPool2d((1, 2))] if pooled else []),
    )


def block(n_electrodes: int, scale: Scale, *, apart: bool) -> nn.Sequential:
    """Return one of the paper's blocks, from (batch, 1, electrode, time) to its features."""
    h = heights(n_electrodes, apart=apart)
    return nn.Sequential(
        layer(1, h[0], scale.width, pooled=scale.pooled),
        layer(FILTERS, h[1], scale.width, pooled=scale.pooled),
        layer(FILTERS, h[2], scale.width),
        layer(FILTERS, h[3], 13),
        layer(FILTERS, h[4], 13),
        nn.Flatten(),
    )


class DingNet(nn.Module):
    """The paper's network or one of its ablations, a key of ``VARIANTS``.

    Input (batch, channel, time), 12 x 200 in the paper, output logits (batch, class). With 17
    classes C-SK has 298,577 parameters, C-SK2 339,137, C-2B1 728,257, C-2B2 1,170,577, C-DK
    1,144,417 and C-B1PB2 940,417. The dense layers halve the features twice, as 520, 260, 130 do
    in the paper.
    """

    def __init__(
        self,
        n_channels: int,
        n_samples: int,
        n_classes: int,
        *,
        variant: str = "C-B1PB2",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        check_name("variant", variant, VARIANTS)
        self.n_channels, self.n_samples = n_channels, n_samples
        chosen = VARIANTS[variant]
        self.blocks = nn.ModuleList(
            block(n_channels, scale, apart=chosen.apart) for scale in chosen.scales
        )
        ends = [widths(n_samples, scale)[-1] for scale in chosen.scales]
        if min(ends) < 1:
            raise ValueError(f"{n_samples} samples are too few for {variant}: expected 200")
        n = FILTERS * sum(ends)
        self.hidden = nn.Sequential(
            *(nn.Linear(n, n // 2), nn.ReLU(inplace=True), nn.Dropout(dropout)),
            *(nn.Linear(n // 2, n // 4), nn.ReLU(inplace=True), nn.Dropout(dropout)),
        )
        self.classifier = nn.Linear(n // 4, n_classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the features of windows, (batch, feature): 200 of a short block, 320 of a long."""
        x = x.unsqueeze(1)  # (batch, 1, electrode, time): the paper's image
        return torch.cat([each(x) for each in self.blocks], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples)
        return self.classifier(self.hidden(self.features(x)))  # (batch, class)


# The paper's optimiser is unknown.
RECIPES = {
    "recommended": Recipe(
        learning_rate=0.02,
        batch_size=64,
        epochs=12,
        schedule="cosine",
        initial="he",
        precision="auto",
        marks={"precision": "O"},
    )
}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(100, "S", "window length, ms")
    step_ms: float = setting(100, "A", "distance of windows, ms")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    rest: str = setting("none", "D", "rest is no class: the last layer has 17 outputs")
    test_repetitions: tuple[int, ...] = setting((2, 5), "A", "held out; NinaPro's convention")
    scaler: str = setting("training", "A", "z-scores a channel, from training repetitions")
    dropout: float = setting(0.5, "S", "after the first and the second dense layer")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`."""
        raw_database("ding2018", database, DATABASES)
        quick = {"step_ms": 300, "epochs": 4}
        return choose(cls(), RECIPES, recipe, preset, epochs, quick=quick)


def _variant(name: str) -> Callable[[Settings], Method]:
    def method(settings: Settings) -> Method:
        make = partial(DingNet, variant=name, dropout=settings.dropout)
        return NetworkMethod(name, make, settings.recipe)

    return method


METHODS: dict[str, Callable[[Settings], Method]] = {
    **{name: _variant(name) for name in VARIANTS},
    # The paper's one classical classifier is unknown: an SVM on these is assumed.
    "svm": lambda settings: ClassicalMethod("svm", ("rms", "mav", "wl", "zc", "ssc")),
}
replicate = replication(METHODS)


# How far a muscle is heard around the simulated forearm: 1 is the simulator's default; at 0 an
# electrode hears little but the muscle below it.
STRENGTHS = (0, 0.5, 1, 2)
STUDIES = {
    "crosstalk": Study(
        methods=("C-SK", "C-SK2"),  # the same but for independence, and cheap
        simulated={f"{strength:g}": {"arm": Arm(crosstalk=strength)} for strength in STRENGTHS},
    )
}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    # Twice one scale is as many blocks as two scales.
    same = accuracy[["C-2B1", "C-2B2"]].max(axis=1)
    return {
        "two kernel scales beat the better of one scale twice": accuracy["C-B1PB2"] - same,
        "electrodes kept apart help one scale": accuracy["C-SK2"] - accuracy["C-SK"],
        "electrodes kept apart help two scales": accuracy["C-B1PB2"] - accuracy["C-DK"],
    }


# Mean over subjects, in per cent; the other rows of the paper's table are unknown.
REPORTED = (Reported("db2", "C-B1PB2", 78.86, None, "C", "as later work cites it; exercise B (R)"),)

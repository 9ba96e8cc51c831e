"""Ding, Yang, Tian, Yi, Fu and Jiang (2018): a parallel multi-scale CNN.

sEMG-based gesture recognition with convolution neural networks. Sustainability 10(6):1865,
doi:10.3390/su10061865.

Two blocks of convolutions side by side, with short and with long kernels along time, keep the
electrodes apart until their last two layers. Each network of the figures is a line of ``VARIANTS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from semg_lib.errors import check_name
from semg_lib.evaluation.scores import Reported
from semg_lib.evaluation.statistics import best_by_others
from semg_lib.learning.baselines import GRID
from semg_lib.learning.methods import ClassicalMethod, Method, NetworkMethod, replication
from semg_lib.learning.networks import expect
from semg_lib.learning.settings import choose, raw_database, setting
from semg_lib.learning.studies import Study
from semg_lib.learning.training import Recipe
from semg_lib.signals.features import SETS

FILTERS = 40  # of every convolution


class Block(NamedTuple):
    """Five convolutions in a row, as the figures draw them for windows of 200 samples."""

    width: int  # of the kernels of layers 1 to 3, samples
    last: int  # of those of layers 4 and 5
    pooled: bool  # whether pairs of samples are pooled after layers 1 and 2
    apart: bool = True  # whether electrodes meet in layers 4 and 5 only

    def mixed(self) -> Block:
        """Return the same block with electrodes that meet in every layer."""
        return self._replace(apart=False)


BLOCK1 = Block(13, 13, pooled=True)
BLOCK2 = Block(57, 13, pooled=False)
NARROW = Block(3, 3, pooled=True)

VARIANTS = {
    "C-SK": (NARROW.mixed(), NARROW.mixed()),  # figure 3d
    "C-SK2": (NARROW, NARROW),  # figure 3e
    "C-2B1": (BLOCK1, BLOCK1),  # figure 3a
    "C-2B2": (BLOCK2, BLOCK2),  # figure 3b
    "C-DK": (BLOCK1.mixed(), BLOCK2.mixed()),  # figure 3c
    "C-B1PB2": (BLOCK1, BLOCK2),  # figure 2
}
DATABASES = {"db2": "B", "db3": "B"}


def heights(n_electrodes: int, *, apart: bool) -> tuple[int, ...]:
    """Return how many electrodes the kernels of the five layers span, to bring them to 1.

    Apart, layers 4 and 5 halve the work; mixed, all five share it. The figures' 1, 1, 1, 7, 6 and
    3, 3, 3, 3, 4 are for 12 electrodes; the rule for others is ours.
    """
    lost = n_electrodes - 1
    if apart:
        return (1, 1, 1, n_electrodes // 2 + 1, n_electrodes - n_electrodes // 2)
    ends = [lost * number // 5 for number in range(6)]
    return tuple(end - begin + 1 for begin, end in pairwise(ends))


def widths(block: Block, n_samples: int) -> tuple[int, ...]:
    """Return how many samples the kernels of the five layers span, the same share of any window.

    A kernel of n samples spans n - 1 steps: 13 and 57 of 200 samples become 7 and 29 of 100. At
    1 kHz, 100 ms have the paper's kernels in milliseconds and 200 ms in samples. The rule is ours.
    """
    drawn = (block.width,) * 3 + (block.last,) * 2
    return tuple(1 + round((width - 1) * n_samples / 200) for width in drawn)


def left(block: Block, n_samples: int) -> list[int]:
    """Return how many samples are left of a window after each layer and pooling of a block."""
    found = [n_samples]
    for number, width in enumerate(widths(block, n_samples), 1):
        found.append(found[-1] - width + 1)
        if block.pooled and number <= 2:
            found.append(found[-1] // 2)
    return found


def convolutions(block: Block, n_electrodes: int, n_samples: int) -> nn.Sequential:
    """Return a block's layers, from (batch, 1, electrode, time) to its features."""
    kernels = zip(heights(n_electrodes, apart=block.apart), widths(block, n_samples), strict=True)
    layers = nn.Sequential()
    for number, kernel in enumerate(kernels, 1):
        convolution = nn.Conv2d(1 if number == 1 else FILTERS, FILTERS, kernel)  # no padding
        pool = [nn.MaxPool2d((1, 2))] if block.pooled and number <= 2 else []
        rest = [nn.BatchNorm2d(FILTERS), nn.ReLU(inplace=True), *pool]
        layers.append(nn.Sequential(convolution, *rest))
    return layers.append(nn.Flatten())


class DingNet(nn.Module):
    """One of the paper's networks, a key of ``VARIANTS``.

    Input (batch, channel, time), 12 x 200 in the paper, output logits (batch, class). With 17
    classes C-SK has 1,036,737 parameters, C-SK2 1,055,457, C-2B1 766,657, C-2B2 1,114,177, C-DK
    1,144,417 and C-B1PB2 940,417.

    The figures draw one classifier for all, of 520, 260, 130 and 17 units. The 520 are taken for
    the features, of which C-B1PB2 has as many; other variants have other numbers before the 260.
    """

    def __init__(
        self, n_channels: int, n_samples: int, n_classes: int, variant: str, dropout: float = 0.5
    ) -> None:
        super().__init__()
        check_name("variant", variant, VARIANTS)
        self.n_channels, self.n_samples = n_channels, n_samples
        chosen = VARIANTS[variant]
        ends = [left(block, n_samples)[-1] for block in chosen]
        if min(ends) < 1:
            raise ValueError(f"{n_samples} samples are too few for {variant}: 94 or more fit all")
        self.blocks = nn.ModuleList(convolutions(each, n_channels, n_samples) for each in chosen)
        self.hidden = nn.Sequential(
            *(nn.Linear(FILTERS * sum(ends), 260), nn.ReLU(inplace=True), nn.Dropout(dropout)),
            *(nn.Linear(260, 130), nn.ReLU(inplace=True), nn.Dropout(dropout)),
        )
        self.classifier = nn.Linear(130, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples).unsqueeze(1)  # the paper's image
        x = torch.cat([block(x) for block in self.blocks], dim=1)  # (batch, feature)
        return self.classifier(self.hidden(x))  # (batch, class)


# The paper's optimiser is unknown.
RECIPES = {
    "recommended": Recipe(
        learning_rate=0.02, batch_size=64, epochs=4, schedule="cosine", initial="he",
        precision="auto", marks={"precision": "O"},
    )
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(100, "S", "window length, ms")
    step_ms: float = setting(10, "P", "distance of windows, ms; figure 1: 20 samples")
    train_step_ms: float = setting(20, "O", "distance of training windows, ms: half the hours")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    rest: str = setting(
        "none", "P", "figure 2: 17 outputs, no rest; where recorded as a class, all"
    )
    test_repetitions: tuple[int, ...] = setting((2, 5), "C", "held out: each set's convention")
    scaler: str = setting("training", "A", "z-scores a channel, from training repetitions")
    dropout: float = setting(0.5, "S", "after the first and the second dense layer")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`."""
        spec = raw_database("ding2018", database, DATABASES)
        rest = "all" if spec.held and spec.held.rest else "none"
        own = cls(rest=rest, test_repetitions=spec.test_repetitions)
        quick = {"step_ms": 100, "train_step_ms": 300, "epochs": 4}
        return choose(own, RECIPES, recipe, preset, epochs, quick=quick)


def _variant(name: str) -> Callable[[Settings], Method]:
    return lambda settings: NetworkMethod(
        name, partial(DingNet, variant=name, dropout=settings.dropout), settings.recipe
    )


def _classical(pair: str) -> Callable[[Settings], Method]:
    classifier, features = GRID[pair]
    return lambda settings: ClassicalMethod(classifier, SETS[features], pair)


# Which method the paper's CC is, is unknown: the pairs are ours.
METHODS = {each: _variant(each) for each in VARIANTS} | {each: _classical(each) for each in GRID}
replicate = replication(METHODS)
EIGHT = range(1, 9)
STUDIES = {
    # At 1 kHz 200 ms hold the kernels in samples; the SVM tells what a longer window is worth.
    "windows": Study(("C-B1PB2", "svm_td"), {"200 ms": {"window_ms": 200}}),
    # Does keeping electrodes apart help where there is less to learn from?
    "fewer": Study(("C-SK", "C-SK2"), {"a fifth": {"train_step_ms": 100}}),
    # Each repetition of 3dc is held out once; eight trainings of fewer windows.
    "repetitions": Study(
        ("C-SK", "C-SK2"),
        {f"{n} held out": {"test_repetitions": (n,), "train_step_ms": 100} for n in EIGHT},
    ),
}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    found = accuracy.dropna()
    # What is best is chosen by the other subjects. Twice one scale is as many blocks as two.
    twice, classical = ["C-2B1", "C-2B2"], [*GRID]
    return {
        "electrodes kept apart help two scales": found["C-B1PB2"] - found["C-DK"],
        "electrodes kept apart help narrow kernels": found["C-SK2"] - found["C-SK"],
        "two scales beat the better one twice": found["C-B1PB2"] - best_by_others(found[twice]),
        "block 1 beats narrow kernels": found["C-2B1"] - found["C-SK2"],
        "block 2, wider still, beats block 1": found["C-2B2"] - found["C-2B1"],
        "the network beats classical methods": found["C-B1PB2"] - best_by_others(found[classical]),
    }


# Table 2: mean over subjects, in per cent; exercise B but for the last row.
REPORTED = tuple(
    Reported("db2", method, mean, None, "P")
    for method, mean in {
        "C-B1PB2": 83.79, "CC": 77.96, "C-2B1": 82.16, "C-2B2": 82.49, "C-DK": 79.23,
        "C-SK": 75.82, "C-SK2": 81.30, "C-B1PB2, all gestures": 78.86,
    }.items()
)  # fmt: skip

"""Ding, Yang, Tian, Yi, Fu and Jiang (2018): a parallel multi-scale CNN.

sEMG-based gesture recognition with convolution neural networks. Sustainability 10(6):1865,
doi:10.3390/su10061865.

Two blocks of convolutions, one with short and one with long kernels along time, keep the
electrodes apart until their last two layers. Each ablation of the paper is one line of
``VARIANTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from semg_lib.errors import check_name
from semg_lib.evaluation.scores import Outcome, Reported
from semg_lib.learning import baselines, many, precision, training
from semg_lib.learning.settings import choose, setting
from semg_lib.learning.training import History, Recipe
from semg_lib.recordings import databases, simulator
from semg_lib.recordings.forearm import Arm
from semg_lib.recordings.recording import Recording
from semg_lib.signals import features, splits
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import cut

FILTERS = 40


@dataclass(frozen=True)
class Scale:
    """The kernels of one block along time."""

    width: int  # of layers 1 to 3, samples; layers 4 and 5 have 13
    pooled: bool  # whether pairs of samples are pooled after layers 1 and 2


SHORT = Scale(width=13, pooled=True)  # block 1
LONG = Scale(width=57, pooled=False)  # block 2


@dataclass(frozen=True)
class Variant:
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
METHODS = (*VARIANTS, "svm")
DATABASES = {"db2": "B", "db3": "B"}


def heights(n_electrodes: int, *, apart: bool) -> tuple[int, ...]:
    """Return how many electrodes the kernels of the five layers span.

    They must bring the electrodes to 1 for the blocks to have the paper's 520 features. Kept
    apart, layers 4 and 5 do it alone, with heights that sum to one more than the electrodes: 6
    and 7 for 12, the split between them is assumed. Mixed from the first layer, all five share
    the work evenly, which is assumed too.
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
    """The paper's network or one of its ablations.

    Parameters
    ----------
    n_channels, n_samples, n_classes : int
        12 electrodes and 200 samples (100 ms at 2 kHz) in the paper.
    variant : str
        A key of ``VARIANTS``.
    dropout : float
        After the first and the second dense layer.

    Notes
    -----
    Input (batch, channel, time), output logits (batch, class). With 17 classes C-SK has 298,577
    parameters, C-SK2 339,137, C-2B1 728,257, C-2B2 1,170,577, C-DK 1,144,417 and C-B1PB2 940,417.
    The dense layers halve the features twice, as 520, 260, 130 do in the paper.
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
            nn.Linear(n, n // 2),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(n // 2, n // 4),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
        )
        self.classifier = nn.Linear(n // 4, n_classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the features of windows, (batch, feature): 200 of a short block, 320 of a long."""
        x = x.unsqueeze(1)  # (batch, 1, electrode, time): the paper's image
        return torch.cat([each(x) for each in self.blocks], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != (self.n_channels, self.n_samples):
            raise ValueError(
                f"expected input (batch, {self.n_channels}, {self.n_samples}), got {tuple(x.shape)}"
            )
        return self.classifier(self.hidden(self.features(x)))  # (batch, class)


def first_kernels(network: nn.Module, number: int) -> np.ndarray:
    """Return the first kernels of a block that keeps electrodes apart, (kernel, tap)."""
    weight = precision.plain(network).blocks[number][0][0].weight.detach().float().cpu()
    return weight.flatten(1).numpy()


RECIPES = {
    # The paper's optimiser is unknown.
    "recommended": Recipe(
        learning_rate=0.02,
        batch_size=64,
        epochs=12,
        schedule="cosine",
        initial="he",
        precision="auto",
        marks={"precision": "O"},
    ),
}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(100, "S", "window length, ms")
    step_ms: float = setting(100, "A", "distance of windows, ms")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    rest: bool = setting(False, "D", "rest is no class: the last layer has 17 outputs")
    test_repetitions: tuple[int, ...] = setting((2, 5), "A", "held out; NinaPro's convention")
    standardise: bool = setting(True, "A", "z-scores a channel, from training repetitions")
    dropout: float = setting(0.5, "S", "after the first and the second dense layer")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset.

        Parameters
        ----------
        database : {"db2", "db3"}
        recipe : {"recommended"}
        preset : {"full", "quick"}
            ``quick`` takes a window every 300 ms and 4 epochs.
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
                f"ding2018 needs raw signals, {spec.name} has envelopes: choose from db2, db3"
            )
        quick = {"step_ms": 300, "epochs": 4}
        return choose(cls(), RECIPES, recipe, preset, epochs, quick=quick)


def prepare(recording: Recording, settings: Settings) -> tuple[Split, Standardiser]:
    """Turn a recording into audited training and test windows."""
    scaler = Standardiser.identity(recording.n_channels)
    if settings.standardise:
        present = set(np.unique(recording.repetition).tolist())
        scaler = Standardiser.fit(recording, sorted(present - set(settings.test_repetitions)))
    windows = cut(scaler.apply(recording), length_ms=settings.window_ms, step_ms=settings.step_ms)
    if not settings.rest:
        windows = windows[windows.label > 0]
    split = splits.by_repetition(windows, settings.test_repetitions)
    return splits.audit(split, scaler), scaler


def build(
    split: Split, variant: str, settings: Settings, *, seed: int = 0, device: str = "cpu"
) -> nn.Module:
    """Return an untrained variant for a split, which computes in the recipe's precision."""
    train = split.train
    sizes = train.recording.n_channels, train.length, len(np.unique(train.label))
    return training.build(
        lambda: DingNet(*sizes, variant=variant, dropout=settings.dropout),
        settings.recipe,
        seed=seed,
        device=device,
    )


def train(
    split: Split,
    variant: str,
    settings: Settings,
    *,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[[int, History], None] | None = None,
) -> tuple[nn.Module, History]:
    """Build, initialise and train one variant on the training side of a split."""
    network = build(split, variant, settings, seed=seed, device=device)
    history = training.fit(
        network,
        split.train,
        np.unique(split.train.label),
        settings.recipe,
        seed=seed,
        device=device,
        report=report,
    )
    return network, history


# The paper compares one classical classifier, which is unknown: an SVM on these is assumed.
CLASSICAL = ("rms", "mav", "wl", "zc", "ssc")


def replicate(
    recording: Recording,
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Run the paper's comparison on one subject; see `replicate_many`."""
    yield from replicate_many([recording], settings, methods=methods, seed=seed, device=device)


def replicate_many(
    recordings: Sequence[Recording],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Run the paper's comparison on some subjects, variant by variant.

    On a GPU the networks of all subjects train at once.

    Yields
    ------
    Outcome
        One a method and subject, in the order of ``methods``, then of ``recordings``; methods
        are tested on the same windows.

    Raises
    ------
    ValueError
        If a method is unknown.
    """
    for method in methods:
        check_name("method", method, METHODS)
    prepared = [prepare(recording, settings) for recording in recordings]
    for method in methods:
        if method == "svm":
            for split, scaler in prepared:
                predicted = classical(split, scaler, seed=seed)
                subject = split.test.recording.subject
                yield Outcome(subject, method, split.test.label, predicted)
            continue
        networks = [
            build(split, method, settings, seed=seed, device=device) for split, _ in prepared
        ]
        histories = many.fit_many(
            networks,
            [split.train for split, _ in prepared],
            [np.unique(split.train.label) for split, _ in prepared],
            settings.recipe,
            seeds=[seed] * len(prepared),
            device=device,
        )
        for (split, _), network, history in zip(prepared, networks, histories, strict=True):
            predicted = training.predict(network, split.test, np.unique(split.train.label))
            subject = split.test.recording.subject
            yield Outcome(subject, method, split.test.label, predicted, tuple(history.loss))


def classical(split: Split, scaler: Standardiser, *, seed: int = 0) -> np.ndarray:
    """Return what an SVM on the classical features predicts for the test windows."""
    seen, unseen = (
        features.extract(side, CLASSICAL, scaler=scaler) for side in (split.train, split.test)
    )
    classifier = baselines.make("svm", seed=seed).fit(seen, split.train.label)
    return classifier.predict(unseen)


STRENGTHS = (0, 0.5, 1, 2)
PAIR = ("C-SK", "C-SK2")  # the same but for independence, and cheap


def crosstalk_study(
    database: str,
    subject: int,
    exercises: str,
    settings: Settings,
    *,
    strengths: Sequence[float],
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Run one pair of variants on a simulated subject whose muscles are heard further and further.

    A strength of 1 is the simulator's default; at 0 an electrode hears little but the muscle below
    it. Methods are ``strength: C-SK`` and so on.
    """
    for strength in strengths:
        recording = simulator.simulate(
            database, subject, exercises, labels=settings.labels, arm=Arm(crosstalk=strength)
        )
        for outcome in replicate(recording, settings, methods=PAIR, seed=seed, device=device):
            yield replace(outcome, method=f"{strength:g}: {outcome.method}")


STUDIES = {"crosstalk": crosstalk_study}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method).

    Two scales are set against twice the same scale, which is as many blocks.
    """
    same = accuracy[["C-2B1", "C-2B2"]].max(axis=1)
    return {
        "two kernel scales beat the better of one scale twice": accuracy["C-B1PB2"] - same,
        "electrodes kept apart help one scale": accuracy["C-SK2"] - accuracy["C-SK"],
        "electrodes kept apart help two scales": accuracy["C-B1PB2"] - accuracy["C-DK"],
    }


# Mean over subjects, in per cent; the other rows of the paper's table are unknown.
REPORTED = (Reported("db2", "C-B1PB2", 78.86, None, "C", "as later work cites it; exercise B (R)"),)

"""Geng, Du, Jin, Wei, Hu and Li (2016): gestures from one sample of all electrodes.

Gesture recognition by instantaneous surface EMG images. Scientific Reports 6:36571,
doi:10.1038/srep36571.

A method is a recogniser and the time it knows: ``cnn_200`` is the network, voting over 200 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor, nn

from semg_lib.errors import DataError, check_name
from semg_lib.evaluation.scores import Reported
from semg_lib.evaluation.statistics import best_by_others
from semg_lib.learning import samples
from semg_lib.learning.methods import ClassicalMethod, Method
from semg_lib.learning.networks import Local, expect, normed
from semg_lib.learning.outcomes import Outcome
from semg_lib.learning.settings import choose, setting
from semg_lib.learning.staged import StagedMethod, union
from semg_lib.learning.studies import Study
from semg_lib.learning.training import Recipe
from semg_lib.papers import atzori2016
from semg_lib.recordings import databases
from semg_lib.recordings.recording import Recording
from semg_lib.signals import votes
from semg_lib.signals.protocol import Protocol

DATABASES = {"db1": "A", "db2": "B"}
_OWN = dict.fromkeys(("learning_rate", "weight_decay", "epochs", "initial"), "P")
RECIPES = {
    "paper": Recipe(*(0.1, 0.9, 0.0001, 1000, 28), initial="he", marks=_OWN | {"batch_size": "P"}),
    # A tenth of the frames train, in batches of a tenth: as many steps.
    "recommended": Recipe(*(0.1, 0.9, 0.0001, 100, 28), initial="he", precision="auto",
                          marks=_OWN | {"batch_size": "O", "precision": "O"}),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed; pages are the paper's."""

    window_ms: float = setting(10, "P", "one sample, ms (p. 4)")
    step_ms: float = setting(10, "P", "distance of tested frames, ms: every sample (p. 5)")
    train_step_ms: float = setting(100, "O", "distance of training frames, ms; the paper's: 10")
    union_every: int = setting(2, "O", "of these, one in so many pre-trains; the paper's: 1")
    longest_ms: float = setting(200, "O", "decisions count that have so long a past in their trial")
    rate_hz: float = setting(100, "P", "rate of the envelopes (p. 5)")
    low_pass_hz: float = setting(0.0, "P", "0 or 1 Hz, first-order Butterworth (p. 5)")
    causal: bool = setting(False, "A", "the low-pass runs forwards only; else its phase is zero")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5, 7), "D", "a third (p. 5), as NinaPro's own")
    rest: str = setting("none", "D", "as many classes as gestures (p. 6)")
    scaler: str = setting("training", "A", "z-scores a channel; of NinaPro no scale is given")
    padded: bool = setting(True, "A", "3 x 3 kernels reach over the edge of the 1 x 10 image")
    shared: bool = setting(False, "P", "layers 3 and 4 have filters of their own a pixel (p. 6)")
    dropout: float = setting(0.5, "P", "of layers 4, 5 and 6 (p. 6)")
    drops: tuple[int, ...] = setting((16, 24), "P", "of 28 epochs: then a tenth of the rate (p. 6)")
    hidden: int = setting(1024, "P", "units of the MLP (p. 6)")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`."""
        spec = databases.database(database)
        settings = cls(rate_hz=min(spec.rate, 100), test_repetitions=spec.test_repetitions)
        if recipe == "paper":
            settings = replace(settings, train_step_ms=10, union_every=1)
        quick = {"train_step_ms": 200, "epochs": 7}
        return choose(settings, RECIPES, recipe, preset, epochs, quick=quick)


class GengNet(nn.Module):
    """The paper's network of eight layers for an image of one row.

    Input (batch, channel, 1), output logits (batch, class). Of a 3 x 3 kernel the middle row meets
    the signal. Unless ``padded``, an image loses two pixels a convolution; if ``shared``, layers 3
    and 4 have the same filters at every pixel. 786,550 parameters (10 electrodes, 52 gestures).
    """

    def __init__(
        self, n_channels: int, n_samples: int, n_classes: int, *,
        dropout: float = 0.5, padded: bool = True, shared: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.n_channels, self.n_samples, self.shared = n_channels, n_samples, shared
        pixels, edge = n_channels - (0 if padded else 4), (1, int(padded))
        if n_samples != 1 or pixels < 1:
            raise ValueError(
                f"an image of {n_channels} x {n_samples}: expected 1 sample of 5 or more"
            )
        n = 64 * pixels
        local = partial(nn.Conv2d, 64, 64, 1, bias=False) if shared else partial(Local, pixels, 64)
        self.input = nn.BatchNorm2d(1)
        self.layer1 = normed(nn.Conv2d(1, 64, 3, padding=edge, bias=False))
        self.layer2 = normed(nn.Conv2d(64, 64, 3, padding=edge, bias=False))
        self.layer3 = normed(local())
        self.layer4 = normed(local(), dropout)
        self.layer5 = normed(nn.Linear(n, 512, bias=False), dropout)
        self.layer6 = normed(nn.Linear(512, 512, bias=False), dropout)
        self.layer7 = normed(nn.Linear(512, 128, bias=False))
        self.layer8 = nn.Linear(128, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples).transpose(1, 2).unsqueeze(1)
        x = self.layer2(self.layer1(self.input(x)))  # (batch, 64, 1, pixel)
        if not self.shared:
            x = x.transpose(1, 3).flatten(1)[:, :, None, None]  # (batch, pixel x 64, 1, 1)
        x = self.layer4(self.layer3(x)).flatten(1)
        return self.layer8(self.layer7(self.layer6(self.layer5(x))))  # (batch, class)


def _mlp(n_channels: int, n_samples: int, n_classes: int, *, hidden: int) -> nn.Module:
    first = normed(nn.Linear(n_channels * n_samples, hidden, bias=False))  # normalised: assumed
    return nn.Sequential(nn.Flatten(), first, nn.Linear(hidden, n_classes))


CLASSICAL = ("mlp", *samples.CLASSIFIERS)
TIMES = (
    dict.fromkeys(("cnn", "alone"), votes.CURVE) | dict.fromkeys(CLASSICAL, votes.KNOWN)
    | dict.fromkeys(("atzori2016", "features"), votes.KNOWN[1:])
)  # fmt: skip
METHODS = tuple(f"{name}_{time}" for name, times in TIMES.items() for time in times)


def recogniser(name: str, settings: Settings) -> Method:
    """Return a recogniser; where ``cnn`` begins is for `replicate` to say."""
    if name in samples.CLASSIFIERS:
        return samples.OnSamples(name)
    if name == "features":  # NinaPro's best classifier, on this book's features
        return ClassicalMethod("random_forest", title=name)
    if name == "atzori2016":
        return atzori2016.METHODS["cnn"](atzori2016.Settings())
    ways = {each: getattr(settings, each) for each in ("dropout", "padded", "shared")}
    make = partial(_mlp, hidden=settings.hidden) if name == "mlp" else partial(GengNet, **ways)
    drops = [round(each * settings.recipe.epochs / 28) for each in settings.drops]
    return StagedMethod(name, make, settings.recipe, drops=drops)


def _looks_ms(name: str, time: str, settings: Settings) -> float:
    if name == "features":
        return settings.longest_ms if time == "trial" else float(time)
    return atzori2016.Settings().window_ms if name == "atzori2016" else settings.window_ms


def replicate(
    recordings: Sequence[Recording], settings: Settings, *, methods: Sequence[Any] = METHODS,
    seed: int = 0, device: str = "cpu", only: Sequence[int] = (),
) -> Iterator[Outcome]:  # fmt: skip
    """Run the paper's comparison on ``only`` some subjects; `cnn` is pre-trained on all of them."""
    asked: dict[tuple[str, float], list[str]] = {}
    for method in methods:
        check_name("method", method, METHODS)
        name, _, time = method.rpartition("_")
        asked.setdefault((name, _looks_ms(name, time, settings)), []).append(time)
    protocol = Protocol.of(settings)
    begin = None
    if any(name == "cnn" for name, _ in asked):
        if len(recordings) < 2:
            raise DataError("cnn is pre-trained on several subjects: add some, or take alone")
        everybody = union([protocol.prepare(each) for each in recordings], settings.union_every)
        first = recogniser("cnn", settings).fit([everybody], seed=seed, device=device)[0]
        begin = first.network.state_dict() if first.network else None
    for recording in recordings:
        if only and recording.subject not in only:
            continue
        late = replace(protocol, window_ms=settings.longest_ms).prepare(recording).split.test
        for (name, looks_ms), times in asked.items():
            prepared = replace(protocol, window_ms=looks_ms).prepare(recording)
            method = recogniser(name, settings)
            if isinstance(method, StagedMethod) and name == "cnn":
                method = replace(method, begin=begin)
            fitted = method.fit([prepared], seed=seed, device=device)[0]
            test, loss = prepared.split.test, tuple(fitted.history.loss)
            said = fitted.predict(test)
            counts = np.isin(test.starts + test.length, late.starts + late.length)
            for time in times:
                voted = votes.known_after(test, said, time, step_ms=settings.step_ms, seed=seed)
                own = test.label[counts], voted[counts]
                yield Outcome(recording.subject, f"{name}_{time}", *own, loss * (time == times[0]))


_FRAMES = ("alone_10", "alone_200", "alone_trial")
_SMOOTH = {"low_pass_hz": 1.0}
STUDIES = {
    "filter": Study(
        (*(f"alone_{time}" for time in votes.CURVE), "mlp_10", "random_forest_10", "features_200"),
        {"1 Hz": _SMOOTH, "1 Hz, forwards": _SMOOTH | {"causal": True}},
    ),
    "unsaid": Study(_FRAMES, {
        "no padding": {"padded": False}, "shared filters": {"shared": True},
        "no momentum": {"momentum": 0.0}, "one scale for all electrodes": {"scaler": "none"},
        "every other frame trains": {"train_step_ms": 20, "batch_size": 500},
        "from the first sample on": {"longest_ms": 10},
    }),
}  # fmt: skip


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    frame, vote = accuracy["cnn_10"], accuracy["cnn_200"]
    classical = best_by_others(accuracy[[f"{each}_10" for each in CLASSICAL]].dropna())
    found = {
        "a vote over 200 ms beats one frame": vote - frame,
        "on one frame the network beats the best classical recogniser": frame - classical,
        "pre-training on all subjects helps": frame - accuracy["alone_10"],
        "a vote over 200 ms beats features of 200 ms": vote - accuracy["features_200"],
    }
    if "1 Hz: alone_10" in accuracy:  # a study's
        found["the 1 Hz low-pass helps"] = accuracy["1 Hz: alone_10"] - accuracy["alone_10"]
    return found


# Page 5; of other classes than one exercise: all of DB1, or its numbers 13 to 20.
_all = partial(Reported, "db1", sd=None, mark="P", note="52 movements")
REPORTED = (
    _all("cnn_10", 65.1), _all("cnn_280", 75.3), _all("cnn_trial", 96.7),
    _all("1 Hz: cnn_10", 76.1), _all("1 Hz: cnn_200", 77.8),
    Reported("db1", "eight gestures: cnn_10", 78.9, None, "P", "eight finger gestures"),
)  # fmt: skip

"""Authors (year): title, in one line.

Journal, volume, pages, doi. What is here, and what of the method is elsewhere in the library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from torch import Tensor, nn

from semg_lib.errors import check_name
from semg_lib.evaluation.scores import Outcome, Reported
from semg_lib.learning import baselines, training
from semg_lib.learning.settings import choose, setting
from semg_lib.learning.training import Recipe
from semg_lib.recordings import databases
from semg_lib.recordings.recording import Recording
from semg_lib.signals import features, splits
from semg_lib.signals.preprocessing import Standardiser, envelope
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import cut, thin_rest

METHODS = ("cnn", "lda")
STUDIES = {}  # the paper's studies beside its comparison of methods, a function a name
DATABASES = {"db1": "A"}  # what its methods can take, and the exercises of a run that names none

RECIPES = {
    # Marks say where each value is from; what has none here is assumed (A).
    "recommended": Recipe(learning_rate=0.05, epochs=10, schedule="cosine", initial="he"),
}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed."""

    window_ms: float = setting(200, "A", "window length, ms")
    step_ms: float = setting(50, "A", "distance of windows, ms")
    rate_hz: float = setting(100, "A", "rate of the envelopes")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5, 7), "A", "held out; the others train")
    thin_rest: bool = setting(True, "A", "rest thinned to a movement's share")
    filters: int = setting(16, "A", "filters of the convolution")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset.

        Parameters
        ----------
        database : str
        recipe : {"recommended"}
        preset : {"full", "quick"}
            ``quick`` is through in seconds.
        epochs : int
            Instead of the recipe's own, if not 0.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        spec = databases.database(database)
        settings = cls(rate_hz=min(spec.rate, 200), test_repetitions=spec.test_repetitions)
        quick = {"step_ms": 100, "epochs": 4}
        return choose(settings, RECIPES, recipe, preset, epochs, quick=quick)


def prepare(recording: Recording, settings: Settings) -> tuple[Split, Standardiser]:
    """Turn a recording into audited training and test windows."""
    if recording.rate > settings.rate_hz:
        recording = envelope(recording, rate=settings.rate_hz)
    present = set(np.unique(recording.repetition).tolist())
    scaler = Standardiser.fit(recording, sorted(present - set(settings.test_repetitions)))
    windows = cut(scaler.apply(recording), length_ms=settings.window_ms, step_ms=settings.step_ms)
    if settings.thin_rest:
        windows = thin_rest(windows)
    split = splits.by_repetition(windows, settings.test_repetitions)
    return splits.audit(split, scaler), scaler


class TemplateNet(nn.Module):
    """The paper's network; say where each layer is stated.

    Parameters
    ----------
    n_channels, n_samples, n_classes : int
    filters : int

    Notes
    -----
    Input (batch, channel, time), output logits (batch, class).
    """

    def __init__(
        self, n_channels: int, n_samples: int, n_classes: int, *, filters: int = 16
    ) -> None:
        super().__init__()
        self.n_channels, self.n_samples = n_channels, n_samples
        self.convolution = nn.Sequential(
            nn.Conv2d(1, filters, (n_channels, 5)),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Linear(filters * (n_samples - 4), n_classes)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != (self.n_channels, self.n_samples):
            raise ValueError(
                f"expected input (batch, {self.n_channels}, {self.n_samples}), got {tuple(x.shape)}"
            )
        x = self.convolution(x.unsqueeze(1))  # (batch, filter, 1, time)
        return self.classifier(x.flatten(1))  # (batch, class)


def replicate(
    recording: Recording,
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Run the paper's comparison on one subject, method by method.

    Yields
    ------
    Outcome
        One a method, in the order of ``methods``; all are tested on the same windows.

    Raises
    ------
    ValueError
        If a method is unknown.
    """
    for method in methods:
        check_name("method", method, METHODS)
    split, scaler = prepare(recording, settings)
    classes = np.unique(split.train.label)
    for method in methods:
        loss: list[float] = []
        if method == "cnn":
            sizes = recording.n_channels, split.train.length, len(classes)
            network = training.build(
                lambda sizes=sizes: TemplateNet(*sizes, filters=settings.filters),
                settings.recipe,
                seed=seed,
                device=device,
            )
            history = training.fit(
                network, split.train, classes, settings.recipe, seed=seed, device=device
            )
            loss = history.loss
            predicted = training.predict(network, split.test, classes)
        else:
            seen, unseen = (features.extract(s, scaler=scaler) for s in (split.train, split.test))
            fitted = baselines.make(method, seed=seed).fit(seen, split.train.label)
            predicted = fitted.predict(unseen)
        yield Outcome(recording.subject, method, split.test.label, predicted, tuple(loss))


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    return {"the CNN is above LDA": accuracy["cnn"] - accuracy["lda"]}


# Numbers that the paper states, such as Reported("db1", "cnn", 66.59, 6.40, "S").
REPORTED: tuple[Reported, ...] = ()

"""Authors (year): title, in one line.

Journal, volume, pages, doi. What is here, and what of the method is elsewhere in the library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pandas as pd
from torch import Tensor, nn

from semg_lib.evaluation.scores import Reported
from semg_lib.learning.methods import ClassicalMethod, Method, NetworkMethod, replication
from semg_lib.learning.networks import expect
from semg_lib.learning.settings import choose, setting
from semg_lib.learning.studies import Study
from semg_lib.learning.training import Recipe
from semg_lib.recordings import databases

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
    rest: str = setting("thinned", "A", "rest is a class, thinned to a movement's share")
    scaler: str = setting("training", "A", "z-scores a channel, from training repetitions")
    filters: int = setting(16, "A", "filters of the convolution")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`.

        ``quick`` is through in seconds.
        """
        spec = databases.database(database)
        settings = cls(rate_hz=min(spec.rate, 200), test_repetitions=spec.test_repetitions)
        quick = {"step_ms": 100, "epochs": 4}
        return choose(settings, RECIPES, recipe, preset, epochs, quick=quick)


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
        x = expect(x, self.n_channels, self.n_samples)
        x = self.convolution(x.unsqueeze(1))  # (batch, filter, 1, time)
        return self.classifier(x.flatten(1))  # (batch, class)


def _cnn(settings: Settings) -> Method:
    return NetworkMethod("cnn", partial(TemplateNet, filters=settings.filters), settings.recipe)


METHODS: dict[str, Callable[[Settings], Method]] = {
    "cnn": _cnn,
    "lda": lambda settings: ClassicalMethod("lda"),
}
replicate = replication(METHODS)  # all on the same windows
# What else is compared: a name, and what its variants change; see `Study`.
STUDIES: dict[str, Study] = {}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    return {"the CNN is above LDA": accuracy["cnn"] - accuracy["lda"]}


# Numbers that the paper states, such as Reported("db1", "cnn", 66.59, 6.40, "S").
REPORTED: tuple[Reported, ...] = ()

"""Decoders that the session loop of ``recalibration`` trains and asks: a network and an SVM."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC
from torch import nn

from semg_lib.errors import DataError
from semg_lib.learning import training
from semg_lib.learning.recalibration import Session
from semg_lib.learning.training import History, Recipe

FOLDS = 4


class NetworkDecoder:
    """A network of a session's features; what it is trained on later, it is fine-tuned on.

    Parameters
    ----------
    make : callable
        From channels, values of a channel and classes to an untrained network.
    recipe : Recipe
        Of the first training and of every later one.
    """

    def __init__(
        self,
        make: Callable[[int, int, int], nn.Module],
        recipe: Recipe,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.make, self.recipe = make, recipe
        self.seed, self.device = seed, device
        self.network: nn.Module | None = None
        self.history, self.seconds = History(), 0.0

    def fit(self, session: Session) -> None:
        """Train on labelled windows, from the weights it has."""
        began = time.perf_counter()
        if self.network is None:
            self.classes = np.unique(session.label)
            sizes = *session.x.shape[1:], len(self.classes)
            self.network = training.build(lambda: self.make(*sizes), self.recipe, seed=self.seed)
        training.seed_everything(self.seed)  # of dropout
        self.history = training.fit(
            self.network, session, self.classes, self.recipe, seed=self.seed, device=self.device
        )
        self.seconds = time.perf_counter() - began

    def probabilities(self, session: Session) -> np.ndarray:
        """Return class probabilities (window, class)."""
        assert self.network is not None, "fit comes first"
        return training.scores(self.network, session, precision=self.recipe.precision)


class SvmDecoder:
    """A support vector machine with an RBF kernel, trained anew whenever it is trained.

    Penalty and width of the kernel are searched by four-fold cross-validation where it is first
    trained, and stay. Folds are stretches of time, since neighbouring windows overlap.

    Parameters
    ----------
    penalties, gammas : sequence of float
        The grid.
    calibrated : bool
        Give probabilities by Platt's sigmoids, fitted in four folds; else 1 for the class that
        the votes of all pairs name, 0 for others.
    """

    def __init__(
        self,
        penalties: Sequence[float],
        gammas: Sequence[float],
        *,
        calibrated: bool = False,
    ) -> None:
        self.calibrated = calibrated
        self.grid = {"C": list(penalties), "gamma": list(gammas)}
        self.best: dict[str, float] = {}
        self.history, self.seconds = History(), 0.0  # there are no epochs

    def fit(self, session: Session) -> None:
        """Train on labelled windows; the seconds are without the search."""
        x, label = session.x.flatten(1).cpu().numpy(), session.label
        self.seen, counts = np.unique(label, return_counts=True)
        if not self.best:
            if len(self.seen) < 2:
                raise DataError(f"only class {self.seen[0]} is there to train on: take more")
            self.classes = self.seen
            self.best = (
                GridSearchCV(SVC(cache_size=500), self.grid, cv=FOLDS).fit(x, label).best_params_
            )
        began = time.perf_counter()
        self.svm = SVC(**self.best, cache_size=500)
        if self.calibrated and counts.min() >= FOLDS:
            self.svm = CalibratedClassifierCV(self.svm, cv=FOLDS, ensemble=False)
        if len(self.seen) > 1:  # recalibration can end with one movement for everything
            self.svm.fit(x, label)
        self.seconds = time.perf_counter() - began

    def probabilities(self, session: Session) -> np.ndarray:
        """Return shares (window, class); a class that recalibration has lost never returns."""
        x = session.x.flatten(1).cpu().numpy()
        share = np.zeros((len(x), len(self.classes)))
        if len(self.seen) == 1:
            share[:, np.searchsorted(self.classes, self.seen)] = 1
        elif isinstance(self.svm, CalibratedClassifierCV):
            share[:, np.searchsorted(self.classes, self.seen)] = self.svm.predict_proba(x)
        else:
            share[np.arange(len(x)), np.searchsorted(self.classes, self.svm.predict(x))] = 1
        return share

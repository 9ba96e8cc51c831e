"""Decoders that the session loop of ``recalibration`` trains and asks: a network and an SVM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.special
from sklearn.svm import SVC
from torch import nn

from semg_lib.errors import check_name
from semg_lib.learning import training
from semg_lib.learning.recalibration import Session
from semg_lib.learning.training import History, Recipe

REFITS = ("retrain", "fine-tune")


class NetworkDecoder:
    """A network of a session's features.

    Parameters
    ----------
    classes : ndarray (class,)
        Sorted labels.
    make : callable
        From channels, values of a channel and classes to an untrained network.
    recipe : Recipe
    refit : {"retrain", "fine-tune"}
        Whether later sessions train from scratch, or on at a tenth of the rate.
    """

    def __init__(
        self,
        classes: np.ndarray,
        make: Callable[[int, int, int], nn.Module],
        recipe: Recipe,
        refit: str = "retrain",
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        check_name("refit", refit, REFITS)
        self.classes, self.make, self.recipe, self.refit = classes, make, recipe, refit
        self.seed, self.device = seed, device
        self.network: nn.Module | None = None
        self.history = History()

    def fit(
        self, session: Session, *, report: Callable[[int, History], None] | None = None
    ) -> None:
        """Train on labelled windows; see `training.fit` for ``report``."""
        recipe = self.recipe
        if self.network is None or self.refit == "retrain":
            sizes = *session.x.shape[1:], len(self.classes)
            self.network = training.build(lambda: self.make(*sizes), recipe, seed=self.seed)
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
        """Return class probabilities (window, class)."""
        assert self.network is not None, "fit comes first"
        return training.scores(self.network, session, precision=self.recipe.precision)


class SvmDecoder:
    """A support vector machine with an RBF kernel on a session's features."""

    def __init__(self, classes: np.ndarray, penalty: float) -> None:
        self.classes, self.penalty = classes, penalty
        self.history = History()  # there are no epochs

    def fit(self, session: Session) -> None:
        """Train on labelled windows."""
        self.seen = np.unique(session.label)
        self.svm = SVC(C=self.penalty, gamma="scale", cache_size=1000)
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

"""Classifiers of samples as they are: one value an electrode, no window and no feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from semg_lib.learning.methods import Fitted
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.windows import Windows

# From a seed. The defaults of scikit-learn 0.17 (2015), written out where today's are others: an
# SVM's gamma of one over the number of electrodes, and ten trees.
CLASSIFIERS: dict[str, Callable[[int], Any]] = {
    "knn": lambda _: KNeighborsClassifier(5),
    "svm": lambda _: SVC(C=1.0, gamma="auto"),
    "random_forest": lambda seed: RandomForestClassifier(10, random_state=seed),
    "lda": lambda _: LinearDiscriminantAnalysis(),
}


@dataclass(frozen=True)
class OnSamples:
    """A classifier of `CLASSIFIERS`, on the last sample of each window."""

    name: str

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train a classifier on each training side, on the CPU."""
        return [self._train(each.split.train, seed) for each in prepared]

    def _train(self, train: Windows, seed: int) -> Fitted:
        fitted = CLASSIFIERS[self.name](seed).fit(train.take()[:, :, -1], train.label)
        return Fitted(lambda windows: fitted.predict(windows.take()[:, :, -1]))

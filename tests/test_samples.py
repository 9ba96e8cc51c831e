"""Classifiers of single samples see what the electrodes say, and nothing more."""

import numpy as np
import pytest

from semg_lib.learning.samples import CLASSIFIERS, OnSamples
from semg_lib.signals.protocol import Protocol

FRAMES = Protocol(window_ms=10, step_ms=50, rest="none", test_repetitions=(2, 5, 7))


def test_the_defaults_are_those_of_2015():
    """Of scikit-learn 0.17, by its documentation; what is another today is written out."""
    made = {name: make(3) for name, make in CLASSIFIERS.items()}
    svm, forest, knn, lda = (made[name] for name in ("svm", "random_forest", "knn", "lda"))
    assert (svm.C, svm.gamma, svm.kernel) == (1.0, "auto", "rbf")
    assert (forest.n_estimators, forest.max_features, forest.random_state) == (10, "sqrt", 3)
    assert (knn.n_neighbors, knn.weights, knn.p) == (5, "uniform", 2)
    assert (lda.solver, lda.shrinkage) == ("svd", None)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_predicts_what_scikit_learn_does_on_the_samples(recording, name):
    prepared = FRAMES.prepare(recording)
    train, test = prepared.split.train, prepared.split.test
    [fitted] = OnSamples(name).fit([prepared], seed=1)
    emg = train.recording.emg
    plain = CLASSIFIERS[name](1).fit(emg[train.starts], train.label)
    np.testing.assert_array_equal(fitted.predict(test), plain.predict(emg[test.starts]))
    assert (fitted.predict(test) == test.label).mean() > 0.5  # four classes

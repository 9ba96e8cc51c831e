"""Training in stages: rates that drop when they are told to, weights that come from elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semg_lib.learning import staged, training
from semg_lib.learning.staged import StagedMethod
from semg_lib.learning.training import Recipe
from semg_lib.signals.protocol import Protocol


def make(n_channels, n_samples, n_classes):
    return torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Dropout(), torch.nn.Linear(n_channels * n_samples, n_classes)
    )


METHOD = StagedMethod("net", make, Recipe(0.1, epochs=5, batch_size=512), drops=(2, 4))


@pytest.fixture
def prepared(recording):
    return Protocol(window_ms=10, step_ms=50, rest="none", test_repetitions=(2, 5, 7)).prepare(
        recording
    )


def test_the_rate_drops_after_the_epochs_that_are_named(prepared, monkeypatch):
    seen = []
    fit = training.fit

    def watched(network, windows, classes, recipe, **how):
        seen.append((recipe.learning_rate, recipe.epochs, how["seed"]))
        return fit(network, windows, classes, recipe, **how)

    monkeypatch.setattr(training, "fit", watched)
    [fitted] = METHOD.fit([prepared], seed=7)
    assert [each[0] for each in seen] == pytest.approx([0.1, 0.01, 0.001])
    assert [each[1:] for each in seen] == [(2, 7), (2, 8), (1, 9)]
    assert len(fitted.history.loss) == len(fitted.history.accuracy) == 5
    seen.clear()
    replace(METHOD, drops=(0, 5)).train(prepared)  # stages without an epoch are none
    assert [each[:2] for each in seen] == [(pytest.approx(0.01), 5)]


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before(prepared):
    weights = []
    for seed in (1, 1, 2):
        torch.rand(3)
        network = METHOD.train(prepared, seed=seed).network
        weights.append(network[2].weight.detach().clone())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_weights_that_are_given_are_where_it_begins(prepared):
    begun = METHOD.train(prepared, seed=1).network.state_dict()
    still = replace(METHOD, recipe=replace(METHOD.recipe, learning_rate=1e-30), begin=begun)
    for name, value in still.train(prepared, seed=2).network.state_dict().items():
        torch.testing.assert_close(value, begun[name])


def test_a_union_is_every_subjects_training_windows_and_no_other(recording, prepared):
    loud = replace(recording, emg=3 * recording.emg, subject=2)
    other = replace(prepared, split=Protocol(
        window_ms=10, step_ms=50, rest="none", test_repetitions=(2, 5, 7)
    ).prepare(loud).split)  # fmt: skip
    pooled = staged.union([prepared, other]).split
    n = len(prepared.split.train)
    assert len(pooled.train) == 2 * n
    for at, side in enumerate((prepared, other)):
        own = pooled.train[at * n : (at + 1) * n]
        np.testing.assert_array_equal(own.take(), side.split.train.take())
        np.testing.assert_array_equal(own.label, side.split.train.label)
    assert not set(pooled.train.repetition.tolist()) & {2, 5, 7}
    assert pooled.test is prepared.split.test
    half = staged.union([prepared, other], every=2).split.train
    np.testing.assert_array_equal(half.starts, pooled.train.starts[::2])

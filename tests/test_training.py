import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from semg_lib.learning import training
from semg_lib.learning.augmentation import WhiteNoise
from semg_lib.learning.training import Recipe
from semg_lib.signals.preprocessing import Standardiser


class Linear(nn.Module):
    """The smallest network that keeps the promise."""

    def __init__(self, n_channels, n_samples, n_classes):
        super().__init__()
        self.classifier = nn.Linear(n_channels * n_samples, n_classes)

    def forward(self, x):
        return self.classifier(x.flatten(1))


@pytest.fixture
def few(split):
    return split.train[:: max(1, len(split.train) // 600)]


def fit(few, recipe, seed=0, **options):
    training.seed_everything(seed)
    network = Linear(10, 15, 5)
    history = training.fit(network, few, np.arange(5), recipe, seed=seed, **options)
    return network, history


def test_fit_equals_a_plain_loop(few):
    recipe = Recipe(learning_rate=0.1, epochs=2, batch_size=64, weight_decay=0.01)
    network, history = fit(few, recipe)
    training.seed_everything(0)
    plain = Linear(10, 15, 5)
    optimiser = torch.optim.SGD(plain.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    x, y = torch.tensor(few.take()), torch.tensor(few.label.astype(np.int64))
    order = torch.Generator().manual_seed(0)
    for _ in range(2):
        total = 0.0
        for index in torch.randperm(len(few), generator=order).split(64):
            loss = nn.functional.cross_entropy(plain(x[index]), y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
    torch.testing.assert_close(network.classifier.weight, plain.classifier.weight)
    assert history.loss[-1] == pytest.approx(total / len(few), rel=1e-5)


def test_same_seed_same_network_other_seed_another(few):
    recipe = Recipe(epochs=1)
    one, two, other = (fit(few, recipe, seed)[0].classifier.weight for seed in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_training_lowers_the_loss_and_reports(few):
    seen = []
    _, history = fit(few, Recipe(epochs=4), report=lambda epoch, h: seen.append(epoch))
    assert history.loss[-1] < history.loss[0]
    assert seen == [1, 2, 3, 4]


def test_predictions_are_labels_and_probabilities_sum_to_one(few):
    network, _ = fit(few, Recipe(epochs=1))
    classes = np.array([0, 2, 4, 6, 8])
    assert set(training.predict(network, few, classes)) <= set(classes.tolist())
    np.testing.assert_allclose(training.scores(network, few).sum(axis=1), 1, rtol=1e-5)


def test_bias_rate_speeds_up_biases_only(few):
    recipe = Recipe(epochs=1, batch_size=100_000, momentum=0, weight_decay=0)
    start = fit(few, replace(recipe, learning_rate=1e-12))[0].classifier
    one = fit(few, recipe)[0].classifier
    two = fit(few, replace(recipe, bias_rate=2.0))[0].classifier
    torch.testing.assert_close(one.weight, two.weight)
    torch.testing.assert_close(2 * (one.bias - start.bias), two.bias - start.bias)


def test_summed_loss_is_a_step_as_much_larger(few):
    recipe = Recipe(epochs=1, batch_size=100_000, momentum=0, weight_decay=0)
    mean = fit(few, recipe)
    summed = fit(few, replace(recipe, loss="sum", learning_rate=0.01 / len(few)))
    torch.testing.assert_close(mean[0].classifier.weight, summed[0].classifier.weight)
    assert mean[1].loss[0] == pytest.approx(summed[1].loss[0], rel=1e-4)


def test_cosine_falls_from_one_to_zero():
    factor = training.schedule(Recipe(schedule="cosine", epochs=10))
    assert factor(0) == 1
    assert factor(5) == pytest.approx(0.5)
    assert factor(10) == pytest.approx(0)


def test_a_loss_that_is_lost_stops_training_with_a_warning(few):
    with pytest.warns(RuntimeWarning, match="lower the learning rate"):
        _, history = fit(few, Recipe(learning_rate=1e30, epochs=5))
    assert len(history.loss) < 5
    assert not math.isfinite(history.loss[-1])


@pytest.mark.parametrize(("how", "expected"), [("he", (2 / 40) ** 0.5), ("matconvnet", 0.05)])
def test_initial_weights_have_the_stated_scale(how, expected):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(100, 40), nn.ReLU(), nn.Linear(40, 500))
    training.initialise(network, how)
    assert network[2].weight.std().item() == pytest.approx(expected, rel=0.05)
    assert not network[2].bias.any()
    if how == "matconvnet":
        assert network[0].weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_pytorchs_own_initial_weights_are_left_alone():
    torch.manual_seed(0)
    layer = nn.Linear(3, 3)
    before = layer.weight.clone()
    training.initialise(layer, "pytorch")
    assert torch.equal(layer.weight, before)


def test_wrong_requests_are_told(few):
    with pytest.raises(ValueError, match="unknown initial 'zero'"):
        training.initialise(nn.Linear(1, 1), "zero")
    with pytest.raises(ValueError, match="unknown schedule 'step': choose from constant, cosine"):
        Recipe(schedule="step")
    with pytest.raises(ValueError, match="epochs is 0, expected more than 0"):
        Recipe(epochs=0)
    with pytest.raises(ValueError, match=r"labels \[9\] are not among the classes"):
        training.encode(np.array([1, 9]), np.array([0, 1]))
    with pytest.raises(ValueError, match="no window to train on"):
        fit(few[:0], Recipe())
    with pytest.raises(ValueError, match="pass augmentation"):
        fit(few, Recipe(augment=True))
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device 'cuda' is not there"):
            training.pick_device("cuda")
    assert training.pick_device("cpu") == "cpu"


def test_white_noise_has_the_stated_ratio(recording):
    scaler = Standardiser.fit(recording, [1])
    noise = WhiteNoise.undoing(scaler, snr_db=10)
    x = torch.tensor(scaler.apply(recording).emg[:20000].T[None].copy())
    added = (noise(x, torch.Generator().manual_seed(0)) - x) * noise.std
    signal = x * noise.std + noise.mean
    ratio = signal.square().mean(2) / added.square().mean(2)
    np.testing.assert_allclose(10 * ratio.log10().numpy(), 10, atol=0.3)


def test_augmentation_trains_on_both_copies(few, recording):
    noise = WhiteNoise.undoing(Standardiser.fit(recording, [1]), snr_db=25)
    recipe = Recipe(epochs=2)
    plain = fit(few, recipe)[1]
    doubled = fit(few, replace(recipe, augment=True), augmentation=noise)[1]
    assert doubled.loss[0] < plain.loss[0]  # twice the steps an epoch


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_trains_to_the_same_loss(few):
    recipe = Recipe(epochs=2)
    cpu, gpu = fit(few, recipe)[1], fit(few, recipe, device="cuda")[1]
    np.testing.assert_allclose(cpu.loss, gpu.loss, rtol=1e-3)

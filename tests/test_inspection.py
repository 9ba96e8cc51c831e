import numpy as np
import pytest
import torch
from torch import nn

from semg_lib.learning import inspection, training
from semg_lib.papers.atzori2016 import AtzoriNet


def test_multiply_adds_are_counted_by_hand():
    network = nn.Sequential(
        nn.Unflatten(1, (1, 3)), nn.Conv2d(1, 2, (3, 5)), nn.Flatten(), nn.Linear(2 * 6, 4)
    )
    # 2 filters x 6 places x 15 taps, then 12 x 4
    assert inspection.multiply_adds(network, 3, 10) == 2 * 6 * 15 + 12 * 4
    assert network.training
    assert not network[1]._forward_hooks


def test_looking_changes_nothing():
    network = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.Flatten(), nn.Linear(30, 4))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random = torch.get_rng_state()
    inspection.layers(network, 3, 10)
    inspection.costs(network, 3, 10)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    assert network.training


def test_latency_grows_with_the_work():
    small, large = (
        nn.Sequential(nn.Flatten(), nn.Linear(1000, n), nn.Linear(n, 10)) for n in (2, 20_000)
    )
    fast, slow = (inspection.latency_ms(each, 10, 100, repeats=9) for each in (small, large))
    assert 0 < fast < slow


@pytest.mark.parametrize(("heights", "reached"), [((1, 1, 3), [1, 1, 3]), ((3, 3, 3), [3, 5, 6])])
def test_rows_reached_follow_from_the_kernels_heights(heights, reached):
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 1, (height, 1)) for height in heights]
    assert inspection.rows_reached(layers, 12, 8, row=5) == reached


def test_layers_and_source_show_the_network():
    text = inspection.layers(AtzoriNet(10, 15, 13), 10, 15)
    assert "block2      32 x 5 x 3             9,248" in text
    source = inspection.source(AtzoriNet).data
    assert "nn.AvgPool2d(3)" in source
    assert "Parameters\n" not in source


def test_pytorchs_weights_shrink_the_signal_and_hes_do_not(split):
    x = split.train.take(slice(0, 256))
    scale = {}
    for how in ("pytorch", "he"):
        training.seed_everything(0)
        network = training.initialise(AtzoriNet(10, 15, 13), how)
        scale[how] = inspection.signal_scales(network, x)["classifier"]
    assert 20 * scale["pytorch"] < scale["he"]


def test_signals_scale_is_how_much_windows_differ():
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[2.0, 0], [0, 0]]))
        network[1].bias.copy_(torch.tensor([5.0, -7]))
    x = np.array([[[1, 0]], [[3, 0]]], np.float32)
    # The first output is 7 and 11, variance 8; the second -7 twice. What all share does not count.
    assert inspection.signal_scales(network, x)["1"] == pytest.approx((8 / 2) ** 0.5)


def test_a_steps_size_by_hand():
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[1.0, 1], [1, 1]]))
    moved = inspection.step_sizes(
        network, np.array([[[3, 0]]], np.float32), np.array([0]), rate=0.1
    )
    # Both classes at one half: the gradient is (-1/2, 1/2) x (3, 0), of size 3 / sqrt 2; weights 2.
    assert moved["1"] == pytest.approx(0.1 * 3 / 2**0.5 / 2)

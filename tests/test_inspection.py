import pytest
import torch
from torch import nn

from semg_lib.learning import inspection


def test_multiply_adds_are_counted_by_hand():
    network = nn.Sequential(
        nn.Unflatten(1, (1, 3)), nn.Conv2d(1, 2, (3, 5)), nn.Flatten(), nn.Linear(2 * 6, 4)
    )
    # 2 filters x 6 places x 15 taps, then 12 x 4
    assert inspection.multiply_adds(network, 3, 10) == 2 * 6 * 15 + 12 * 4
    assert network.training
    assert not network[1]._forward_hooks


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

"""What holds for every network of the book."""

import inspect
from functools import partial

import pytest
import torch

from semg_lib.learning import training
from semg_lib.papers.atzori2016 import AtzoriNet
from semg_lib.papers.ding2018 import DingNet
from semg_lib.papers.zhai2017 import ZhaiNet

# Each with its electrodes, samples and classes, and the parameters that its docstring tells.
NETWORKS = {
    "atzori2016, Otto Bock": (AtzoriNet, (10, 15, 53), 84_853),
    "atzori2016, Delsys": (AtzoriNet, (12, 30, 50), 101_106),
    "zhai2017": (ZhaiNet, (12, 25, 50), 3_396_050),
    **{
        f"ding2018, {name}": (partial(DingNet, variant=name), (12, 200, 17), n)
        for name, n in (
            ("C-SK", 1_036_737),
            ("C-SK2", 1_055_457),
            ("C-2B1", 766_657),
            ("C-2B2", 1_114_177),
            ("C-DK", 1_144_417),
            ("C-B1PB2", 940_417),
        )
    },
    "zhai2017, 4 electrodes": (ZhaiNet, (4, 25, 11), 3_262_411),
}


@pytest.fixture(params=NETWORKS)
def case(request):
    return NETWORKS[request.param]


@pytest.fixture
def network(case):
    make, size, _ = case
    training.seed_everything(0)
    return training.initialise(make(*size), "he")


@pytest.fixture
def x(case):
    return torch.randn(8, *case[1][:2], generator=torch.Generator().manual_seed(1))


def test_windows_become_one_score_a_class(case, network, x):
    assert network(x).shape == (8, case[1][2])
    assert network.eval()(x[:1]).shape == (1, case[1][2])


def test_parameters_are_as_many_as_documented(case, network):
    make, _, n_parameters = case
    assert sum(p.numel() for p in network.parameters()) == n_parameters
    assert f"{n_parameters:,}" in inspect.getdoc(getattr(make, "func", make))


def test_gradient_reaches_every_parameter_and_the_input(network, x):
    x.requires_grad_()
    network(x).square().sum().backward()
    assert x.grad.abs().sum() > 0
    for name, parameter in network.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_the_same_seed_makes_the_same_network_and_step(case, x):
    def one_step():
        make, size, _ = case
        training.seed_everything(3)
        network = make(*size)
        loss = torch.nn.functional.cross_entropy(network(x), torch.arange(8))
        loss.backward()
        return loss.detach(), next(network.parameters()).grad

    for mine, again in zip(one_step(), one_step(), strict=True):
        torch.testing.assert_close(mine, again, rtol=0, atol=0)


def test_it_can_be_exported(network, x):
    network.eval()
    exported = torch.export.export(
        network, (x,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},)
    )
    torch.testing.assert_close(exported.module()(x[:5]), network(x[:5]))


def test_half_precision_says_nearly_the_same(network, x):
    network.eval()
    with torch.no_grad():
        whole = network(x)
        with torch.autocast("cpu", torch.bfloat16):
            half = network(x).float()
    assert (half - whole).abs().max() < 0.05 * whole.abs().max()


def test_memory_format_changes_nothing(network, x):
    network.eval()
    plain = network(x)
    torch.testing.assert_close(network.to(memory_format=torch.channels_last)(x), plain)

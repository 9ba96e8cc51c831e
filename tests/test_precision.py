import pytest
import torch
from torch import nn

from semg_lib.learning import precision


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({"avx512_bf16": True}, "bfloat16"), ({"amx_bf16": True}, "bfloat16"), ({}, "float32")],
)
def test_auto_asks_the_processor(monkeypatch, flags, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags, raising=False)
    assert precision.pick("auto", "cpu") == expected
    assert precision.pick("float32", "cpu") == "float32"


def test_an_older_pytorch_computes_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert precision.pick("auto", "cpu") == "float32"


def test_half_precision_shares_weights_and_says_nearly_the_same():
    network = nn.Sequential(nn.Linear(40, 20), nn.ReLU(), nn.Linear(20, 3))
    half = precision.apply(network, "bfloat16", "cpu")
    assert precision.plain(half) is network
    assert precision.apply(network, "float32", "cpu") is network
    x = torch.randn(50, 40)
    assert half(x).dtype == torch.float32
    assert not torch.equal(half(x), network(x))
    torch.testing.assert_close(half(x), network(x), atol=0.02, rtol=0.02)

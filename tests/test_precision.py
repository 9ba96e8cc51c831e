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


def test_half_precision_says_nearly_the_same():
    network = nn.Sequential(nn.Linear(40, 20), nn.ReLU(), nn.Linear(20, 3))
    x = torch.randn(50, 40)
    whole = network(x)
    with precision.computing("float32", "cpu"):
        torch.testing.assert_close(network(x), whole, atol=0, rtol=0)
    with precision.computing("bfloat16", "cpu"):
        half = network(x).float()
    assert not torch.equal(half, whole)
    torch.testing.assert_close(half, whole, atol=0.02, rtol=0.02)

"""Computing in bfloat16 where a device has instructions for it.

Weights, gradients' sums and losses stay in float32; the products inside convolutions and dense
layers, where nearly all time goes, take half the bits. ``benchmarks/training.py`` measures what
that brings, and that accuracy stays.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PRECISIONS = ("auto", "float32", "bfloat16")


def pick(name: str, device: str) -> str:
    """Return what to compute in: for ``"auto"``, bfloat16 if the device is made for it.

    Without such instructions a processor imitates bfloat16, many times slower than float32.
    """
    if name != "auto":
        return name
    if device.startswith("cuda"):
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Older releases of PyTorch cannot tell; they compute in float32.
        flags = getattr(torch.cpu, "get_capabilities", dict)()
        able = any(flags.get(each) for each in ("avx512_bf16", "amx_bf16"))
    return "bfloat16" if able else "float32"


class HalfPrecision(nn.Module):
    """A network whose convolutions and dense layers are computed in bfloat16."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.network(x).float()


def apply(network: nn.Module, name: str, device: str) -> nn.Module:
    """Return a network that computes in this precision; its weights are the same tensors."""
    return HalfPrecision(network) if pick(name, device) == "bfloat16" else network


def plain(network: nn.Module) -> nn.Module:
    """Return the network inside, whatever it is computed in."""
    return network.network if isinstance(network, HalfPrecision) else network

"""Computing in bfloat16 where a device has instructions for it.

Weights, gradients' sums and losses stay in float32; the products inside convolutions and dense
layers, where nearly all time goes, take half the bits. ``benchmarks/training.py`` measures what
that brings, and that accuracy stays.
"""

from __future__ import annotations

import torch

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
        flags: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        able = any(flags.get(each) for each in ("avx512_bf16", "amx_bf16"))
    return "bfloat16" if able else "float32"


def computing(name: str, device: str | torch.device) -> torch.autocast:
    """Return the context in which a network computes in this precision on a device."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, enabled=pick(name, kind) == "bfloat16")

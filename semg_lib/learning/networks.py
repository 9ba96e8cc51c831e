"""What every network of the papers does first: it refuses an input that it is not made for."""

from __future__ import annotations

from torch import Tensor


def expect(x: Tensor, n_channels: int, n_samples: int) -> Tensor:
    """Return an input (batch, channel, time) if it has this many channels and samples.

    Raises
    ------
    ValueError
        If not.
    """
    if x.shape[1:] != (n_channels, n_samples):
        raise ValueError(f"expected input (batch, {n_channels}, {n_samples}), got {tuple(x.shape)}")
    return x

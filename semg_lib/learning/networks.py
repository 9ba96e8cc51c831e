"""Parts of networks: what all of them do first, and layers that PyTorch has not."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


class Local(nn.Conv2d):
    """A locally connected layer of 1 x 1: every pixel has filters of its own.

    Its weights are drawn and counted as those of a convolution in groups, (batch, pixel x filter,
    1, 1) to the same; one product a pixel is faster.
    """

    def __init__(self, n_pixels: int, n_filters: int) -> None:
        n = n_pixels * n_filters
        super().__init__(n, n, 1, groups=n_pixels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.view(self.groups, -1, self.weight.shape[1]).transpose(1, 2)
        pixels = x.view(len(x), self.groups, -1).transpose(0, 1)
        return torch.bmm(pixels, weight).transpose(0, 1).reshape(x.shape)


def normed(layer: nn.Conv2d | nn.Linear, dropout: float = 0.0) -> nn.Sequential:
    """Return a layer with batch normalisation, then ReLU, then dropout if there is any."""
    if isinstance(layer, nn.Linear):
        norm: nn.Module = nn.BatchNorm1d(layer.out_features)
    else:
        norm = nn.BatchNorm2d(layer.out_channels)
    after = [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(layer, norm, nn.ReLU(inplace=True), *after)

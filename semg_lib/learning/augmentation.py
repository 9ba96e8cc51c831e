"""Changed copies of training windows, made on the device while training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from semg_lib.signals.preprocessing import Standardiser


@dataclass(frozen=True, eq=False)
class WhiteNoise:
    """White Gaussian noise at a stated signal-to-noise ratio, a window and channel at a time.

    The ratio is that of powers in the signal's unit, so standardised windows are scaled back
    before their power is taken (atzori2016).

    Parameters
    ----------
    snr_db : float
        Power of a window's channel over that of its noise, in decibels.
    mean, std : Tensor (channel, 1)
        What standardised windows are scaled back by.
    """

    snr_db: float
    mean: Tensor
    std: Tensor

    @classmethod
    def undoing(cls, scaler: Standardiser, snr_db: float, device: str = "cpu") -> WhiteNoise:
        """Return the augmentation of windows that this scaler has standardised."""
        mean, std = (
            torch.as_tensor(each, device=device)[:, None] for each in (scaler.mean, scaler.std)
        )
        return cls(snr_db, mean, std)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return noisy copies of windows (batch, channel, time)."""
        signal = x * self.std + self.mean
        power = signal.square().mean(dim=2, keepdim=True) * 10 ** (-self.snr_db / 10)
        white = torch.randn(x.shape, generator=generator, device=x.device)
        return x + white * power.sqrt() / self.std

"""Spectrograms of windows, scaled and reduced channel by channel to principal components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.signal
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from semg_lib.errors import check_name
from semg_lib.signals.windows import Windows


def spectrogram(
    x: Tensor, *, rate: float, n_fft: int = 256, overlap: int = 184, window: str = "hamming"
) -> Tensor:
    """Compute power spectral densities of short overlapping frames, on the device of ``x``.

    The same as `scipy.signal.spectrogram` with its other defaults: each frame's mean is taken
    off, and powers are one-sided densities. The default frames are those of zhai2017: 129
    frequencies x 3 frames of 400 samples.

    Parameters
    ----------
    x : Tensor (..., time)
        Signals, float32 or float64.
    rate : float
        Samples a second, in hertz.
    n_fft : int
        Samples in a frame.
    overlap : int
        Samples that neighbouring frames share.
    window : str
        As `scipy.signal.get_window` names it.

    Returns
    -------
    Tensor (..., frequency, frame)
        In the signal's unit squared a hertz; frequencies are ``rate / n_fft`` apart, from 0.

    Raises
    ------
    ValueError
        If frames do not advance, or the signal is shorter than a frame.
    """
    if not 0 <= overlap < n_fft <= x.shape[-1]:
        raise ValueError(
            f"frames of {n_fft} samples overlapping by {overlap} do not fit {x.shape[-1]} samples: "
            "expected overlap < n_fft <= samples"
        )
    taper = torch.as_tensor(scipy.signal.get_window(window, n_fft), dtype=x.dtype, device=x.device)
    frames = x.unfold(-1, n_fft, n_fft - overlap)
    frames = (frames - frames.mean(dim=-1, keepdim=True)) * taper
    spectrum = torch.fft.rfft(frames)
    power = (spectrum.real.square() + spectrum.imag.square()) / (rate * taper.square().sum())
    # Negative frequencies are folded in; 0, and half the rate if it is there, have no such twin.
    power[..., 1 : (n_fft + 1) // 2] *= 2
    return power.transpose(-1, -2)


# Where each of 25 components lies on a square, row by row (zhai2017, figure 1B).
SPIRAL = (
    *(22, 10, 11, 12, 23),
    *(21, 9, 2, 3, 13),
    *(20, 8, 1, 4, 14),
    *(19, 7, 6, 5, 15),
    *(25, 18, 17, 16, 24),
)
INTENSITIES = ("power", "magnitude", "decibel")


def as_intensity(power: Tensor, name: str) -> Tensor:
    """Return spectral power as it is, its square root, or its logarithm (10 log10).

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    check_name("intensity", name, INTENSITIES)
    if name == "decibel":
        return 10 * torch.log10(power.clamp_min(torch.finfo(power.dtype).tiny))
    return power.sqrt() if name == "magnitude" else power


@dataclass(frozen=True, eq=False)
class PercentileScaler:
    """Brings each channel to 0..1 between two percentiles of its training values.

    Attributes
    ----------
    low, high : Tensor (channel,)
        What becomes 0 and 1; values beyond are clipped.
    """

    low: Tensor
    high: Tensor

    @classmethod
    def fit(cls, x: Tensor, percentiles: tuple[float, float]) -> PercentileScaler:
        """Find a channel's percentiles over all training windows (window, channel, ...)."""
        values = x.transpose(0, 1).flatten(1).cpu().numpy()
        ends = np.percentile(values, percentiles, axis=1)
        low, high = torch.as_tensor(ends, dtype=x.dtype, device=x.device)
        return cls(low, high)

    def apply(self, x: Tensor) -> Tensor:
        """Scale windows (window, channel, ...); a channel without any spread becomes 0."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        span = (self.high - self.low).clamp_min(torch.finfo(x.dtype).tiny)
        return ((x - self.low.view(shape)) / span.view(shape)).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class ChannelPCA:
    """Principal components of each channel's values.

    Attributes
    ----------
    mean : Tensor (channel, value)
    components : Tensor (channel, component, value)
    explained : ndarray (channel, component)
        Share of each channel's variance.
    """

    mean: Tensor
    components: Tensor
    explained: np.ndarray

    @classmethod
    def fit(cls, x: Tensor, n_components: int) -> ChannelPCA:
        """Find the components of training windows.

        Parameters
        ----------
        x : Tensor (window, channel, ...)
            The axes after the channel are taken as one vector.
        n_components : int

        Raises
        ------
        ValueError
            If there are fewer windows or values than components.
        """
        x = x.flatten(2)
        if n_components > min(len(x), x.shape[2]):
            raise ValueError(
                f"{n_components} components asked for, but there are only {len(x)} windows of "
                f"{x.shape[2]} values a channel"
            )
        found = []
        for channel in range(x.shape[1]):
            pca = PCA(n_components, svd_solver="covariance_eigh")
            found.append(pca.fit(x[:, channel].cpu().double().numpy()))
        mean = np.stack([p.mean_ for p in found])
        components = np.stack([p.components_ for p in found])
        return cls(
            torch.as_tensor(mean, dtype=x.dtype, device=x.device),
            torch.as_tensor(components, dtype=x.dtype, device=x.device),
            explained=np.stack([p.explained_variance_ratio_ for p in found]),
        )

    def apply(self, x: Tensor) -> Tensor:
        """Return the components of windows (window, channel, ...) as (window, channel, component).

        Raises
        ------
        ValueError
            If channels or values are not those the components were fitted to.
        """
        x = x.flatten(2)
        if x.shape[1:] != self.mean.shape:
            raise ValueError(
                f"windows have {x.shape[1]} channels x {x.shape[2]} values, the components were "
                f"fitted to {self.mean.shape[0]} x {self.mean.shape[1]}"
            )
        return torch.einsum("wcv,ckv->wck", x - self.mean, self.components)


@dataclass(frozen=True, eq=False)
class SpectralComponents:
    """From windows to principal components of their scaled spectrograms, fitted to training.

    Parameters
    ----------
    n_fft, overlap : int
        Of the frames, see `spectrogram`.
    bins : int
        Frequencies kept, from 0.
    intensity : {"power", "magnitude", "decibel"}
        See `as_intensity`.
    percentiles : tuple of float
        See `PercentileScaler`.
    components : int
        A channel.
    device : str

    Attributes
    ----------
    scaler, pca
        What `fit` has found.
    repetitions : frozenset of int
        What they have seen; `splits.audit` compares it with the test side.
    """

    n_fft: int
    overlap: int
    bins: int
    intensity: str
    percentiles: tuple[float, float]
    components: int
    device: str = "cpu"
    scaler: PercentileScaler | None = None
    pca: ChannelPCA | None = None
    repetitions: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of(cls, settings: Any, *, device: str = "cpu") -> SpectralComponents:
        """Return what a paper's settings of the same names ask for, not fitted yet."""
        names = ("n_fft", "overlap", "bins", "intensity", "percentiles", "components")
        return cls(**{name: getattr(settings, name) for name in names}, device=device)

    def images(self, windows: Windows, *, block: int = 512) -> Iterator[Tensor]:
        """Yield blocks of windows as intensities (window, channel, frequency, frame).

        They lie between 0 and 1 once `fit` has found what they are scaled by.
        """
        data = windows.to(self.device)
        for index in torch.arange(len(windows), device=self.device).split(block):
            power = spectrogram(
                data.gather(index),
                rate=windows.recording.rate,
                n_fft=self.n_fft,
                overlap=self.overlap,
            )
            image = as_intensity(power[:, :, : self.bins], self.intensity)
            yield self.scaler.apply(image) if self.scaler else image

    def fit(self, train: Windows) -> SpectralComponents:
        """Return the same with scale and components of training windows."""
        seen = torch.cat(list(replace(self, scaler=None).images(train)))
        scaler = PercentileScaler.fit(seen, self.percentiles)
        pca = ChannelPCA.fit(scaler.apply(seen), self.components)
        repetitions = frozenset(np.unique(train.repetition).tolist())
        return replace(self, scaler=scaler, pca=pca, repetitions=repetitions)

    def apply(self, windows: Windows) -> Tensor:
        """Return the components of windows, (window, channel, component)."""
        assert self.pca is not None, "fit comes first"
        return torch.cat([self.pca.apply(image) for image in self.images(windows)])

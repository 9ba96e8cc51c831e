"""Spectrograms of windows as images, and their principal components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
    off, and powers are one-sided densities. The default frames are those of zhai2017, section
    2 of whose replication derives 129 frequencies x 3 frames from them for 400 samples.

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


INTENSITIES = ("power", "magnitude", "decibel")
SCALED_OVER = ("window", "channel")


def scale(power: Tensor, intensity: str, over: str = "window", range_db: float = 40.0) -> Tensor:
    """Bring spectrograms to intensities between 0 and 1.

    Parameters
    ----------
    power : Tensor (window, channel, frequency, frame)
        As `spectrogram` returns it.
    intensity : {"power", "magnitude", "decibel"}
        Power as it is, its square root, or its logarithm. The first two are brought to 0..1 by the
        least and the largest value, decibels by the largest and the range below it.
    over : {"window", "channel"}
        Whose largest value becomes 1: that of a window over all channels, which keeps loud and
        soft electrodes apart, or that of each channel.
    range_db : float
        How far below the largest value 0 is, in decibels.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    check_name("intensity", intensity, INTENSITIES)
    check_name("scaling over", over, SCALED_OVER)
    axes = (1, 2, 3) if over == "window" else (2, 3)
    tiny = torch.finfo(power.dtype).tiny
    largest = power.amax(axes, keepdim=True)
    if intensity == "decibel":
        below_db = 10 * torch.log10((power / largest.clamp_min(tiny)).clamp_min(tiny))
        return (1 + below_db / range_db).clamp_min(0)
    least = power.amin(axes, keepdim=True)
    if intensity == "magnitude":
        power, least, largest = power.sqrt(), least.sqrt(), largest.sqrt()
    return (power - least) / (largest - least).clamp_min(tiny)


def images(
    windows: Windows,
    *,
    n_fft: int,
    overlap: int,
    bins: int,
    intensity: str,
    over: str,
    range_db: float,
    device: str = "cpu",
    block: int = 512,
) -> Iterator[Tensor]:
    """Yield scaled spectrograms of blocks of windows, (window, channel, frequency, frame).

    The first ``bins`` frequencies are kept; see `spectrogram` and `scale` for the others.
    """
    data = windows.to(device)
    for index in torch.arange(len(windows), device=device).split(block):
        rate = windows.recording.rate
        power = spectrogram(data.gather(index), rate=rate, n_fft=n_fft, overlap=overlap)
        yield scale(power[:, :, :bins], intensity, over, range_db)


@dataclass(frozen=True, eq=False)
class ChannelPCA:
    """Principal components of each channel's values, fitted to some repetitions only.

    Attributes
    ----------
    mean : Tensor (channel, value)
    components : Tensor (channel, component, value)
        Divided by the components' standard deviations if whitened.
    explained : ndarray (channel, component)
        Share of each channel's variance.
    repetitions : frozenset of int
        What the components have seen; `splits.audit` compares it with the test side.
    """

    mean: Tensor
    components: Tensor
    explained: np.ndarray
    repetitions: frozenset[int]

    @classmethod
    def fit(
        cls, x: Tensor, n_components: int, *, repetitions: Iterable[int], whiten: bool = False
    ) -> ChannelPCA:
        """Find the components of training windows.

        Parameters
        ----------
        x : Tensor (window, channel, ...)
            The axes after the channel are taken as one vector.
        n_components : int
        repetitions : iterable of int
            What the windows are of.
        whiten : bool
            Bring every component to unit variance.

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
            pca = PCA(n_components, whiten=whiten, svd_solver="covariance_eigh")
            found.append(pca.fit(x[:, channel].cpu().double().numpy()))
        scale = [np.sqrt(p.explained_variance_)[:, None] if whiten else 1.0 for p in found]
        mean = np.stack([p.mean_ for p in found])
        components = np.stack([p.components_ / s for p, s in zip(found, scale, strict=True)])
        return cls(
            torch.as_tensor(mean, dtype=x.dtype, device=x.device),
            torch.as_tensor(components, dtype=x.dtype, device=x.device),
            explained=np.stack([p.explained_variance_ratio_ for p in found]),
            repetitions=frozenset(int(each) for each in repetitions),
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

"""Features of windows: what classical classifiers see instead of the signal.

Definitions follow Phinyomark et al. (2012), Expert Systems with Applications 39:7420,
doi:10.1016/j.eswa.2012.01.102, and for mDWT Lucas et al. (2008), Biomedical Signal Processing
and Control 3:174, doi:10.1016/j.bspc.2007.09.002. Each function takes windows
(window, channel, time) and returns (window, channel, value).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pywt

from semg_lib.preprocessing import Standardiser
from semg_lib.windows import Windows


def rms(x: np.ndarray) -> np.ndarray:
    """Root mean square, in the signal's unit."""
    return np.sqrt(np.einsum("wct,wct->wc", x, x) / x.shape[-1])[..., None]


def mav(x: np.ndarray) -> np.ndarray:
    """Mean absolute value, in the signal's unit."""
    return np.abs(x).mean(axis=-1, keepdims=True)


def wl(x: np.ndarray) -> np.ndarray:
    """Waveform length: the sum of absolute steps, in the signal's unit."""
    return np.abs(np.diff(x, axis=-1)).sum(axis=-1, keepdims=True)


def zc(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Zero crossings: sign changes with a step of at least the threshold; a count."""
    crossing = x[..., :-1] * x[..., 1:] < 0
    if threshold > 0:
        crossing &= np.abs(np.diff(x, axis=-1)) >= threshold
    return crossing.sum(axis=-1, keepdims=True).astype(np.float32)


def ssc(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Slope sign changes: turning points with a step of at least the threshold; a count."""
    step = np.diff(x, axis=-1)
    turning = step[..., :-1] * step[..., 1:] < 0
    if threshold > 0:
        turning &= np.maximum(np.abs(step[..., :-1]), np.abs(step[..., 1:])) >= threshold
    return turning.sum(axis=-1, keepdims=True).astype(np.float32)


def hist(x: np.ndarray, bins: int = 20, reach: float = 3.0) -> np.ndarray:
    """Histogram of amplitudes over -reach to reach, counts a bin; the outer bins take the rest.

    Expects standardised signals: bins are in standard deviations, 20 over three of them as in
    Kuzborskij et al. (2012), doi:10.1109/EMBC.2012.6347098 (remembered, not at hand).
    """
    index = np.clip((x + reach) * (bins / (2 * reach)), 0, bins - 1).astype(np.int64)
    rows = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1)
    counts = np.bincount((rows * bins + index).ravel(), minlength=rows.size * bins)
    return counts.reshape(*x.shape[:2], bins).astype(np.float32)


def mdwt(x: np.ndarray, wavelet: str = "db7", level: int = 3) -> np.ndarray:
    """Marginal discrete wavelet transform: the sum of absolute coefficients of each level."""
    with warnings.catch_warnings():
        # Windows of 15 samples are shorter than PyWavelets advises for db7; the sums still tell
        # slow from fast.
        warnings.filterwarnings("ignore", message="Level value of")
        coefficients = pywt.wavedec(x, wavelet, level=level, axis=-1)
    return np.stack([np.abs(each).sum(axis=-1) for each in coefficients], axis=-1)


FEATURES = {
    "rms": rms,
    "mav": mav,
    "wl": wl,
    "zc": zc,
    "ssc": ssc,
    "hist": hist,
    "mdwt": mdwt,
}
ALL = tuple(FEATURES)
# Envelopes never cross zero, and bins need a common scale: these take standardised windows.
OF_Z_SCORES = ("zc", "hist")


def extract(
    windows: Windows,
    names: Sequence[str] = ALL,
    *,
    scaler: Standardiser | None = None,
    block: int = 4096,
) -> np.ndarray:
    """Compute features of every window, concatenated.

    Parameters
    ----------
    windows : Windows
    names : sequence of str
        Keys of ``FEATURES``.
    scaler : Standardiser, optional
        What standardised the windows: amplitudes are then taken in the signal's own unit, since
        the z-score of a muscle at rest and that of a muscle at work differ in sign, not in size.
    block : int
        Windows copied out at a time, so that memory does not grow with overlap.

    Returns
    -------
    ndarray (window, value), float32
        Features in the order named; within one, all values of channel 1, then of channel 2.

    Raises
    ------
    ValueError
        If a feature is unknown.
    """
    for name in names:
        if name not in FEATURES:
            raise ValueError(f"unknown feature {name!r}: choose from {', '.join(FEATURES)}")
    parts = []
    for start in range(0, len(windows), block):
        x = windows.take(slice(start, start + block))
        signal = x * scaler.std[:, None] + scaler.mean[:, None] if scaler else x
        values = [
            FEATURES[name](x if name in OF_Z_SCORES else signal).reshape(len(x), -1)
            for name in names
        ]
        parts.append(np.concatenate(values, axis=1).astype(np.float32))
    return np.concatenate(parts)

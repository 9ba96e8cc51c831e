"""Features of windows: what classical classifiers see instead of the signal.

Definitions follow Phinyomark et al. (2012), Expert Systems with Applications 39:7420,
doi:10.1016/j.eswa.2012.01.102, and for mDWT Lucas et al. (2008), Biomedical Signal Processing
and Control 3:174, doi:10.1016/j.bspc.2007.09.002. Each function takes windows
(window, channel, time) and returns (window, channel, value).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pywt

from semg_lib.errors import check_name
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.windows import Windows

# Steps of the signal under this are no crossing and no turning (in the first author's own code).
DEAD_ZONE = 1e-5


def rms(x: np.ndarray) -> np.ndarray:
    """Root mean square, in the signal's unit."""
    return RUNNING["rms"].of_windows(x)


def mav(x: np.ndarray) -> np.ndarray:
    """Mean absolute value, in the signal's unit."""
    return RUNNING["mav"].of_windows(x)


def wl(x: np.ndarray) -> np.ndarray:
    """Waveform length: the sum of absolute steps, in the signal's unit."""
    return RUNNING["wl"].of_windows(x)


def zc(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Zero crossings: sign changes with a step of at least the threshold; a count."""
    return RUNNING["zc"].of_windows(x, threshold)


def ssc(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Slope sign changes: turning points with a step of at least the threshold; a count."""
    return RUNNING["ssc"].of_windows(x, threshold)


def steps(x: np.ndarray) -> np.ndarray:
    """Return absolute differences of neighbouring samples, (..., time - 1)."""
    return np.abs(np.diff(x, axis=-1))


def crossings(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Tell where the sign changes from a sample to the next, (..., time - 1)."""
    crossing = x[..., :-1] * x[..., 1:] < 0
    if threshold > 0:
        crossing &= steps(x) >= threshold
    return crossing


def turnings(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Tell where the slope changes its sign, (..., time - 2)."""
    step = np.diff(x, axis=-1)
    turning = step[..., :-1] * step[..., 1:] < 0
    if threshold > 0:
        turning &= np.maximum(np.abs(step[..., :-1]), np.abs(step[..., 1:])) >= threshold
    return turning


@dataclass(frozen=True)
class Running:
    """A feature that is a sum over a window's samples.

    Of a stretch of signal the sums are running ones, so that windows which overlap share their
    work: what a window costs does not depend on its length.

    Attributes
    ----------
    of_samples : callable
        What is summed, from signals (..., time) to (..., time - lag).
    lag : int
        How many samples more than one each term looks at.
    finish : callable
        From a window's sum and number of samples to the feature.
    """

    of_samples: Callable[..., np.ndarray]
    lag: int = 0
    finish: Callable[[np.ndarray, int], np.ndarray] = lambda total, n: total

    def of_windows(self, x: np.ndarray, *options: float) -> np.ndarray:
        """Return the feature of windows (window, channel, time), (window, channel, 1) float32."""
        total = self.of_samples(x, *options).sum(axis=-1, keepdims=True, dtype=np.float64)
        return self.finish(total, x.shape[-1]).astype(np.float32)

    def of_signal(self, signal: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        """Return the feature of windows of a signal (channel, time), (window, channel) float32."""
        terms = self.of_samples(signal)
        # In double precision what the sum before a window takes from its digits is not seen.
        total = np.zeros((len(terms), terms.shape[1] + 1))
        np.cumsum(terms, axis=1, out=total[:, 1:])
        sums = total[:, starts + length - self.lag] - total[:, starts]
        return self.finish(sums, length).T.astype(np.float32)


RUNNING = {
    "rms": Running(np.square, finish=lambda total, n: np.sqrt(total / n)),
    "mav": Running(np.abs, finish=lambda total, n: total / n),
    "wl": Running(steps, lag=1),
    "zc": Running(crossings, lag=1),
    "ssc": Running(turnings, lag=2),
    "zc_above": Running(functools.partial(crossings, threshold=DEAD_ZONE), lag=1),
    "ssc_above": Running(functools.partial(turnings, threshold=DEAD_ZONE), lag=2),
}


def mavs(x: np.ndarray) -> np.ndarray:
    """Mean absolute value slope: that of the second half less that of the first half.

    Hudgins et al. (1993, doi:10.1109/10.204774) take it from one segment to the next; a decision
    from one window has only the halves.
    """
    half = x.shape[-1] // 2
    return mav(x[..., -half:]) - mav(x[..., :half])


def hist(x: np.ndarray, bins: int = 20, reach: float = 3.0) -> np.ndarray:
    """Histogram of amplitudes: counts between edges that divide -reach to reach evenly.

    Expects standardised signals: bins are in standard deviations, 20 over three of them
    (atzori2014, p. 8). What lies beyond is not counted; the last bin holds its right edge too.
    """
    inside = np.abs(x) <= reach
    index = np.minimum((x + reach) * (bins / (2 * reach)), bins - 1).astype(np.int64)
    return _counts(np.where(inside, index, bins), bins + 1)[..., :bins]


def hist_outer(x: np.ndarray, bins: int = 20, reach: float = 3.0) -> np.ndarray:
    """Histogram as `hist`, but that the outer bins take what lies beyond (ours)."""
    index = np.clip((x + reach) * (bins / (2 * reach)), 0, bins - 1).astype(np.int64)
    return _counts(index, bins)


def _counts(index: np.ndarray, bins: int) -> np.ndarray:
    """Count how often each bin occurs in a window, (window, channel, bin) float32."""
    rows = np.arange(index.shape[0] * index.shape[1]).reshape(*index.shape[:2], 1)
    counts = np.bincount((rows * bins + index).ravel(), minlength=rows.size * bins)
    return counts.reshape(*index.shape[:2], bins).astype(np.float32)


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
    "mavs": mavs,
    "wl": wl,
    "zc": zc,
    "ssc": ssc,
    "zc_above": lambda x: zc(x, DEAD_ZONE),
    "ssc_above": lambda x: ssc(x, DEAD_ZONE),
    "hist": hist,
    "hist_outer": hist_outer,
    "mdwt": mdwt,
}
ALL = ("rms", "mav", "wl", "zc", "ssc", "hist_outer", "mdwt")
# The feature sets that NinaPro's first benchmark compares (atzori2014, p. 8): TD are Hudgins'.
# Classifiers standardise every value, so that the sets in "all" weigh alike.
_TD = ("mav", "mavs", "zc_above", "ssc_above", "wl")
SETS = {
    "rms": ("rms",),
    "td": _TD,
    "hist": ("hist",),
    "mdwt": ("mdwt",),
    "all": ("rms", *_TD, "hist", "mdwt"),
    "ours": ALL,
}
# Bins need a common scale, and envelopes, which never cross zero, cross their mean.
OF_Z_SCORES = ("zc", "hist", "hist_outer")


def extract(
    windows: Windows,
    names: Sequence[str] = ALL,
    *,
    scaler: Standardiser | None = None,
    block: int = 1024,
) -> np.ndarray:
    """Compute features of every window, concatenated.

    Features that are sums are computed as running sums over blocks of the signal.

    Parameters
    ----------
    windows : Windows
    names : sequence of str
        Keys of ``FEATURES``.
    scaler : Standardiser, optional
        What standardised the windows: amplitudes are then taken in the signal's own unit, since
        the z-score of a muscle at rest and that of a muscle at work differ in sign, not in size.
    block : int
        Windows at a time, so that memory does not grow with the recording.

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
        check_name("feature", name, FEATURES)
    # Blocks of neighbours: what they share is computed once, whatever order they were asked in.
    blocks = np.array_split(np.argsort(windows.starts), max(1, -(-len(windows) // block)))
    calls = [joblib.delayed(_of_block)(windows[index], names, scaler) for index in blocks]
    # A decision at a time must not pay for starting threads.
    n_jobs = 1 if len(calls) == 1 else joblib.cpu_count()
    parts = joblib.Parallel(n_jobs, prefer="threads")(calls)
    found = np.empty((len(windows), parts[0].shape[1]), np.float32)
    for index, part in zip(blocks, parts, strict=True):
        found[index] = part
    return found


def _of_block(windows: Windows, names: Sequence[str], scaler: Standardiser | None) -> np.ndarray:
    """Compute features of windows that are sorted by time, (window, value)."""
    if not len(windows):  # as many values as a window would have
        some = Windows(windows.recording, np.zeros(1, int), windows.length)
        return _of_block(some, names, scaler)[:0]
    first, length = windows.starts[0], windows.length
    scores = windows.recording.emg[first : windows.starts[-1] + length].T
    volts = scores * scaler.std[:, None] + scaler.mean[:, None] if scaler else scores
    parts = []
    starts = windows.starts - first
    for name in names:
        signal = scores if name in OF_Z_SCORES else volts
        if name in RUNNING:
            parts.append(RUNNING[name].of_signal(np.ascontiguousarray(signal), starts, length))
        else:
            every = np.lib.stride_tricks.sliding_window_view(signal, length, axis=1)
            values = FEATURES[name](every[:, starts].swapaxes(0, 1))
            parts.append(values.reshape(len(windows), -1))
    return np.concatenate(parts, axis=1)

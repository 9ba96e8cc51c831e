"""Features against loops written from their definitions."""

import itertools

import numpy as np
import pytest
import pywt
import scipy.signal
import torch
from sklearn.decomposition import PCA

from semg_lib import features
from semg_lib.preprocessing import Standardiser
from semg_lib.windows import cut


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(5, 3, 40)).astype(np.float32)


def by_loop(x, function):
    return np.array([[function(channel.tolist()) for channel in window] for window in x])


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("rms", lambda s: (sum(v * v for v in s) / len(s)) ** 0.5),
        ("mav", lambda s: sum(abs(v) for v in s) / len(s)),
        ("wl", lambda s: sum(abs(b - a) for a, b in itertools.pairwise(s))),
        ("zc", lambda s: sum(a * b < 0 for a, b in itertools.pairwise(s))),
        (
            "ssc",
            lambda s: sum((b - a) * (c - b) < 0 for a, b, c in zip(s, s[1:], s[2:], strict=False)),
        ),
    ],
)
def test_feature_agrees_with_its_definition(x, name, definition):
    np.testing.assert_allclose(
        features.FEATURES[name](x)[..., 0], by_loop(x, definition), rtol=1e-5
    )


def test_thresholds_leave_out_small_steps():
    ripple = np.array([[[0.1, -0.1, 0.1, -0.1, 2.0, -2.0]]], np.float32)
    assert features.zc(ripple)[0, 0, 0] == 5
    assert features.zc(ripple, threshold=1)[0, 0, 0] == 2
    assert features.ssc(ripple, threshold=1)[0, 0, 0] == 2


def test_histogram_counts_every_sample_and_clips(x):
    counts = features.hist(x, bins=20, reach=3)
    assert counts.shape == (5, 3, 20)
    np.testing.assert_array_equal(counts.sum(axis=-1), 40)
    expected = np.histogram(np.clip(x[1, 2], -3, 2.999), bins=20, range=(-3, 3))[0]
    np.testing.assert_array_equal(counts[1, 2], expected)
    assert features.hist(np.full((1, 1, 4), 99.0))[0, 0, -1] == 4


def test_mdwt_sums_each_level(x):
    coefficients = pywt.wavedec(x[2, 1], "db7", level=1)
    expected = [np.abs(each).sum() for each in coefficients]
    np.testing.assert_allclose(features.mdwt(x, level=1)[2, 1], expected, rtol=1e-5)


def test_extract_is_the_same_in_blocks(recording):
    windows = cut(recording, length_ms=150, step_ms=200)
    whole = features.extract(windows)
    assert whole.shape == (len(windows), 10 * (5 + 20 + 4))
    np.testing.assert_array_equal(features.extract(windows, block=7), whole)


def test_extract_takes_amplitudes_in_the_signals_unit(recording):
    scaler = Standardiser.fit(recording, [1])
    raw = cut(recording, length_ms=150, step_ms=200)
    scaled = cut(scaler.apply(recording), length_ms=150, step_ms=200)
    for name in ("rms", "wl"):
        np.testing.assert_allclose(
            features.extract(scaled, [name], scaler=scaler),
            features.extract(raw, [name]),
            rtol=1e-3,
            atol=1e-4,
        )


def test_an_unknown_feature_is_told(recording):
    windows = cut(recording, length_ms=150, step_ms=200)
    with pytest.raises(ValueError, match="unknown feature 'rsm': choose from rms"):
        features.extract(windows, ["rsm"])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("n_fft", "overlap", "n"), [(256, 184, 400), (256, 0, 600), (33, 20, 100)])
def test_the_spectrogram_is_scipys(dtype, n_fft, overlap, n):
    x = 1e-4 * np.random.default_rng(0).normal(size=(3, 2, n)) + 2e-5
    _, _, theirs = scipy.signal.spectrogram(x, 2000, "hamming", nperseg=n_fft, noverlap=overlap)
    mine = features.spectrogram(
        torch.as_tensor(x, dtype=dtype), rate=2000, n_fft=n_fft, overlap=overlap
    )
    assert mine.dtype == dtype
    np.testing.assert_allclose(mine.numpy(), theirs, rtol=0, atol=1e-6 * theirs.max())


@pytest.mark.parametrize("sizes", [{"n_fft": 500}, {"overlap": 256}, {"overlap": -1}])
def test_frames_that_do_not_fit_are_told(sizes):
    with pytest.raises(ValueError, match="do not fit 400 samples"):
        features.spectrogram(torch.zeros(1, 400), rate=2000, **sizes)


def test_scales_by_hand():
    power = torch.tensor([[[[1.0, 100.0]], [[0.01, 4.0]]]])  # (1, 2 channels, 1, 2)
    decibel = features.scale(power, "decibel", range_db=40)
    torch.testing.assert_close(decibel.flatten(), torch.tensor([0.5, 1.0, 0.0, 0.65051]))
    magnitude = features.scale(power, "magnitude", "channel")
    torch.testing.assert_close(magnitude.flatten(), torch.tensor([0.0, 1.0, 0.0, 1.0]))
    assert features.scale(power, "power").flatten()[1] == 1
    silent = features.scale(torch.zeros(1, 2, 3, 3), "decibel")
    assert torch.isfinite(silent).all()
    with pytest.raises(ValueError, match="unknown intensity 'db'"):
        features.scale(power, "db")
    with pytest.raises(ValueError, match="unknown scaling over 'all'"):
        features.scale(power, "power", "all")


@pytest.mark.parametrize("whiten", [False, True])
def test_components_are_scikit_learns(whiten):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3, 10)) @ rng.normal(size=(10, 10))
    new = rng.normal(size=(7, 3, 2, 5))
    mine = features.ChannelPCA.fit(torch.as_tensor(x), 4, repetitions=[1], whiten=whiten)
    for channel in range(3):
        theirs = PCA(4, whiten=whiten).fit(x[:, channel])
        expected = theirs.transform(new[:, channel].reshape(7, 10))
        got = mine.apply(torch.as_tensor(new))[:, channel].numpy()
        np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=1e-8)
        np.testing.assert_allclose(mine.explained[channel], theirs.explained_variance_ratio_)
    assert mine.repetitions == {1}


def test_components_that_cannot_be_are_told():
    with pytest.raises(ValueError, match="25 components asked for, but there are only 10 windows"):
        features.ChannelPCA.fit(torch.zeros(10, 2, 30), 25, repetitions=[1])
    fitted = features.ChannelPCA.fit(torch.randn(50, 2, 30), 3, repetitions=[1])
    with pytest.raises(ValueError, match="windows have 3 channels x 30 values"):
        fitted.apply(torch.zeros(4, 3, 30))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_makes_the_same_spectrogram():
    x = torch.randn(64, 12, 400)
    mine = features.spectrogram(x.cuda(), rate=2000).cpu()
    torch.testing.assert_close(mine, features.spectrogram(x, rate=2000), atol=1e-7, rtol=1e-4)

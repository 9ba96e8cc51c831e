import numpy as np
import pytest
import scipy.signal
import torch
from sklearn.decomposition import PCA

from semg_lib.signals import spectrograms
from semg_lib.signals.spectrograms import PercentileScaler


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("n_fft", "overlap", "n"), [(256, 184, 400), (256, 0, 600), (33, 20, 100)])
def test_the_spectrogram_is_scipys(dtype, n_fft, overlap, n):
    x = 1e-4 * np.random.default_rng(0).normal(size=(3, 2, n)) + 2e-5
    _, _, theirs = scipy.signal.spectrogram(x, 2000, "hamming", nperseg=n_fft, noverlap=overlap)
    mine = spectrograms.spectrogram(
        torch.as_tensor(x, dtype=dtype), rate=2000, n_fft=n_fft, overlap=overlap
    )
    assert mine.dtype == dtype
    np.testing.assert_allclose(mine.numpy(), theirs, rtol=0, atol=1e-6 * theirs.max())


@pytest.mark.parametrize("sizes", [{"n_fft": 500}, {"overlap": 256}, {"overlap": -1}])
def test_frames_that_do_not_fit_are_told(sizes):
    with pytest.raises(ValueError, match="do not fit 400 samples"):
        spectrograms.spectrogram(torch.zeros(1, 400), rate=2000, **sizes)


def test_intensities_by_hand():
    power = torch.tensor([1.0, 100.0, 0.04])
    for name, expected in (
        ("power", [1.0, 100.0, 0.04]),
        ("magnitude", [1.0, 10.0, 0.2]),
        ("decibel", [0.0, 20.0, -13.9794]),
    ):
        found = spectrograms.as_intensity(power, name)
        torch.testing.assert_close(found, torch.tensor(expected))
    assert torch.isfinite(spectrograms.as_intensity(torch.zeros(2), "decibel")).all()
    with pytest.raises(ValueError, match="unknown intensity 'db'"):
        spectrograms.as_intensity(power, "db")


def test_percentiles_become_0_and_1_and_values_beyond_are_clipped():
    """0 to 100 in one channel: the 1st percentile is 1, the 99th 99. The other has ten times it."""
    values = torch.arange(101.0).reshape(101, 1, 1)
    x = torch.stack([values, 10 * values], dim=1)  # (window, channel, frequency, frame)
    scaler = PercentileScaler.fit(x, (1, 99))
    torch.testing.assert_close(scaler.low, torch.tensor([1.0, 10.0]))
    torch.testing.assert_close(scaler.high, torch.tensor([99.0, 990.0]))
    scaled = scaler.apply(x)[:, :, 0, 0]
    torch.testing.assert_close(scaled[:, 0], scaled[:, 1])
    assert scaled[[0, 1, 99, 100], 0].tolist() == [0, 0, 1, 1]
    assert scaled[50, 0].item() == pytest.approx(0.5)
    beyond = torch.tensor([[[[-7.0]], [[1e6]]]])
    assert scaler.apply(beyond).flatten().tolist() == [0, 1]
    silent = PercentileScaler.fit(torch.zeros(5, 1, 3), (1, 99)).apply(torch.zeros(2, 1, 3))
    assert torch.equal(silent, torch.zeros(2, 1, 3))


def test_components_are_scikit_learns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3, 10)) @ rng.normal(size=(10, 10))
    new = rng.normal(size=(7, 3, 2, 5))
    mine = spectrograms.ChannelPCA.fit(torch.as_tensor(x), 4)
    for channel in range(3):
        theirs = PCA(4).fit(x[:, channel])
        expected = theirs.transform(new[:, channel].reshape(7, 10))
        got = mine.apply(torch.as_tensor(new))[:, channel].numpy()
        np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=1e-8)
        np.testing.assert_allclose(mine.explained[channel], theirs.explained_variance_ratio_)


def test_components_that_cannot_be_are_told():
    with pytest.raises(ValueError, match="25 components asked for, but there are only 10 windows"):
        spectrograms.ChannelPCA.fit(torch.zeros(10, 2, 30), 25)
    fitted = spectrograms.ChannelPCA.fit(torch.randn(50, 2, 30), 3)
    with pytest.raises(ValueError, match="windows have 3 channels x 30 values"):
        fitted.apply(torch.zeros(4, 3, 30))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_makes_the_same_spectrogram():
    x = torch.randn(64, 12, 400)
    mine = spectrograms.spectrogram(x.cuda(), rate=2000).cpu()
    torch.testing.assert_close(mine, spectrograms.spectrogram(x, rate=2000), atol=1e-7, rtol=1e-4)

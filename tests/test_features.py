"""Features against loops written from their definitions."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import pywt

from semg_lib.signals import features
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.windows import cut


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


def test_histogram_counts_between_its_edges_and_nothing_beyond(x):
    wide = 1.6 * x
    counts = features.hist(wide)
    edges = [-3 + 0.3 * k for k in range(21)]
    for channel in range(3):
        expected = np.histogram(wide[1, channel].astype(np.float64), bins=edges)[0]
        np.testing.assert_array_equal(counts[1, channel], expected)
    # By hand: -3 opens the first bin, 0 the eleventh, 3 closes the last; 3.1 and -4 are nowhere.
    by_hand = features.hist(np.array([[[-3, 0, 0.1, 3, 3.1, -4]]], np.float32))[0, 0]
    assert {i: int(n) for i, n in enumerate(by_hand) if n} == {0: 1, 10: 2, 19: 1}


def test_outer_bins_take_what_lies_beyond(x):
    counts = features.hist_outer(x, bins=20, reach=3)
    assert counts.shape == (5, 3, 20)
    np.testing.assert_array_equal(counts.sum(axis=-1), 40)
    expected = np.histogram(np.clip(x[1, 2], -3, 2.999), bins=20, range=(-3, 3))[0]
    np.testing.assert_array_equal(counts[1, 2], expected)
    assert features.hist_outer(np.full((1, 1, 4), 99.0))[0, 0, -1] == 4


def test_time_domain_set_by_hand():
    # |x| of the halves: (1 + 2 + 1) / 3 = 4/3 and (4 + 2 + 3) / 3 = 3.
    window = np.array([[[1, -2, 1, 4, 2, -3]]], np.float32)
    by_hand = {
        "mav": 13 / 6,
        "mavs": 3 - 4 / 3,
        "wl": 3 + 3 + 3 + 2 + 5,
        "zc_above": 3,  # 1 to -2, -2 to 1, 2 to -3
        "ssc_above": 2,  # at -2 and at 4
    }
    assert set(by_hand) == set(features.SETS["td"])
    for name, expected in by_hand.items():
        assert features.FEATURES[name](window)[0, 0, 0] == pytest.approx(expected)


def test_steps_in_the_dead_zone_are_no_crossing_and_no_turning():
    ripple = np.array([[[4e-6, -4e-6, 4e-6, -4e-6, 1, -1]]], np.float32)
    assert features.FEATURES["zc"](ripple)[0, 0, 0] == 5
    assert features.FEATURES["zc_above"](ripple)[0, 0, 0] == 2
    assert features.FEATURES["ssc_above"](ripple)[0, 0, 0] == 2


def test_the_sets_are_those_of_the_benchmark():
    assert features.SETS["all"] == ("rms", *features.SETS["td"], "hist", "mdwt")
    assert all(name in features.FEATURES for names in features.SETS.values() for name in names)


def test_mdwt_sums_each_level(x):
    coefficients = pywt.wavedec(x[2, 1], "db7", level=1)
    expected = [np.abs(each).sum() for each in coefficients]
    np.testing.assert_allclose(features.mdwt(x, level=1)[2, 1], expected, rtol=1e-5)


def test_extract_is_the_same_in_blocks(recording):
    windows = cut(recording, length_ms=150, step_ms=200)
    whole = features.extract(windows)
    assert whole.shape == (len(windows), 10 * (5 + 20 + 4))
    np.testing.assert_array_equal(features.extract(windows, block=7), whole)


def test_running_sums_are_the_windows_own(recording):
    windows = cut(recording, length_ms=150, step_ms=10)
    some = windows[np.random.default_rng(0).permutation(len(windows))[:3000]]
    for name in features.RUNNING:
        expected = features.FEATURES[name](some.take())[..., 0]
        np.testing.assert_allclose(features.extract(some, [name]), expected, rtol=1e-6)


def test_running_sums_keep_their_digits_after_a_loud_artefact(recording):
    emg = recording.emg.copy()
    emg[:500] *= 1e3
    windows = cut(replace(recording, emg=emg), length_ms=150, step_ms=100)
    late = windows[windows.starts > 500]
    for name in features.RUNNING:
        expected = features.FEATURES[name](late.take())[..., 0]
        np.testing.assert_allclose(features.extract(windows, [name])[-len(late) :], expected, 1e-5)


def test_no_window_has_no_features_but_as_many_values(recording):
    windows = cut(recording, length_ms=150, step_ms=200)
    assert features.extract(windows[:0]).shape == (0, 290)


def test_cores_do_not_change_features(recording, monkeypatch):
    windows = cut(recording, length_ms=150, step_ms=100)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(features.joblib, "cpu_count", lambda cores=cores: cores)
        found.append(features.extract(windows, block=64))
    np.testing.assert_array_equal(*found)


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

from dataclasses import replace

import numpy as np
import pytest

from semg_lib.errors import DataError
from semg_lib.signals import preprocessing
from semg_lib.signals.preprocessing import Standardiser
from tests.test_recording import make


def tone(hz, rate=1000.0, seconds=4):
    n = round(rate * seconds)
    wave = np.sin(2 * np.pi * hz * np.arange(n) / rate).astype(np.float32)
    ones = np.ones(n, np.int16)
    return make(
        emg=np.stack([wave, wave], 1), label=0 * ones, repetition=ones, exercise=ones, rate=rate
    )


def gain(before, after):
    middle = slice(len(before.emg) // 4, -len(before.emg) // 4)
    return after.emg[middle].std() / before.emg[middle].std()


def test_notch_takes_out_its_frequency_and_little_else():
    assert gain(tone(50), preprocessing.notch(tone(50))) < 0.05
    assert gain(tone(80), preprocessing.notch(tone(80))) == pytest.approx(1, abs=0.02)


def test_the_rms_of_a_tone():
    wave = tone(100)
    level = preprocessing.moving_rms(wave, length_ms=100).emg[500:-500]
    np.testing.assert_allclose(level, np.sqrt(0.5), atol=0.01)


def test_envelope_brings_signal_and_labels_to_the_new_rate():
    low = preprocessing.envelope(tone(100), rate=200)
    assert low.rate == 200
    assert len(low.emg) == len(low.label) == 800


def test_rates_and_frequencies_that_cannot_be_are_told():
    with pytest.raises(DataError, match="cannot take 300 Hz from 1000 Hz"):
        preprocessing.resample(tone(10), rate=300)
    with pytest.raises(DataError, match="600 Hz is outside 0 to 500 Hz"):
        preprocessing.notch(tone(10), frequency_hz=600)


def test_standardiser_sees_only_its_repetitions(recording):
    scaler = Standardiser.fit(recording, [1, 3])
    seen = np.isin(recording.repetition, [1, 3])
    z = scaler.apply(recording).emg[seen]
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-4)
    loud = recording.emg.copy()
    loud[~seen] *= 100
    np.testing.assert_array_equal(
        Standardiser.fit(recording.with_emg(loud), [1, 3]).mean, scaler.mean
    )
    with pytest.raises(DataError, match=r"no sample of repetitions \[99\]"):
        Standardiser.fit(recording, [99])


def test_a_dead_electrode_stays_zero(recording):
    emg = recording.emg.copy()
    emg[:, 0] = 0
    dead = replace(recording, emg=emg)
    assert np.all(Standardiser.fit(dead, [1]).apply(dead).emg[:, 0] == 0)


def test_identity_changes_nothing(recording):
    np.testing.assert_array_equal(Standardiser.identity(10).apply(recording).emg, recording.emg)


def test_low_pass_halves_the_power_at_its_cutoff():
    forwards = preprocessing.low_pass(tone(5, seconds=8), cutoff_hz=5, causal=True)
    assert gain(tone(5, seconds=8), forwards) == pytest.approx(0.5**0.5, abs=0.01)
    twice = preprocessing.low_pass(tone(5, seconds=8), cutoff_hz=5)
    assert gain(tone(5, seconds=8), twice) == pytest.approx(0.5, abs=0.01)


def test_only_the_causal_low_pass_ignores_what_comes_later():
    wave = tone(3)
    later = wave.with_emg(np.where(np.arange(len(wave.emg))[:, None] < 2000, wave.emg, 9))
    for causal, unmoved in ((True, True), (False, False)):
        before, after = (
            preprocessing.low_pass(each, cutoff_hz=1, causal=causal).emg[:2000]
            for each in (wave, later)
        )
        assert np.array_equal(before, after) == unmoved


def test_a_low_pass_does_not_mix_exercises():
    wave = tone(3)
    first = np.arange(len(wave.emg)) < 2000
    two = replace(wave, exercise=np.where(first, 1, 2).astype(np.int8))
    other = two.with_emg(np.where(first[:, None], two.emg, 9))
    before, after = (preprocessing.low_pass(each, cutoff_hz=1).emg for each in (two, other))
    np.testing.assert_array_equal(before[:2000], after[:2000])
    np.testing.assert_allclose(after[2000:], 9, rtol=1e-6)

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

"""What is told of electrodes, and what a method makes of one that trains flat."""

import numpy as np
import pytest
import scipy.io

from semg_lib.download import verify
from semg_lib.errors import DataWarning
from semg_lib.recordings import databases, electrodes
from semg_lib.recordings.source import Source
from semg_lib.signals.protocol import Protocol
from tests.test_recording import make

DB1, DB2 = databases.database("db1"), databases.database("db2")


def with_channel(recording, channel, values):
    emg = recording.emg.copy()
    emg[:, channel] = values
    return recording.with_emg(emg)


def flat_in(recording, repetitions, value=0.0024):
    still = np.isin(recording.repetition, repetitions) & (recording.label > 0)
    return with_channel(recording, 4, np.where(still, np.float32(value), recording.emg[:, 4]))


def test_sound_electrodes_are_not_told(recording):
    assert electrodes.checked(recording, DB1) == (recording, [])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: with_channel(r, 4, 0), "electrode 5 never changes"),
        (lambda r: with_channel(r, 4, 0.0024), "electrode 5 never changes"),
        (lambda r: flat_in(r, [1]), "electrode 5 never changes in the movements of repetitions 1"),
        (lambda r: flat_in(r, [1, 3, 4, 6, 8, 9, 10]), "8, 9, 10: it is taken for dead"),
        (lambda r: with_channel(r, 0, np.minimum(r.emg[:, 0], np.quantile(r.emg[:, 0], 0.9))
                                / np.quantile(r.emg[:, 0], 0.9) * 5),
         "electrode 1 is saturated: 10"),
        (lambda r: r.with_emg(r.emg * 1e3), "as if in millivolts"),
        (lambda r: r.with_emg(r.emg * 1e6), "as if in microvolts"),
    ],
)  # fmt: skip
def test_what_is_unusual_is_told_once(recording, spoil, said):
    _, (told,) = electrodes.checked(spoil(recording), DB1)
    assert said in told


def test_raw_signals_in_microvolts_are_told():
    emg = np.random.default_rng(0).normal(0, 1e-4, (4000, 12)).astype(np.float32)
    ones = np.ones(4000, np.int16)
    volts = make(emg=emg, label=ones, repetition=ones, exercise=ones, rate=2000.0)
    assert electrodes.checked(volts, DB2)[1] == []
    _, (told,) = electrodes.checked(volts.with_emg(emg * 1e6), DB2)
    assert "deviates by 1" in told
    assert "microvolts" in told


def test_loading_and_verify_tell_the_same(spoil):
    still = ~np.isin(spoil.good["rerepetition"], (2, 5, 7)) & (spoil.good["restimulus"] > 0)
    emg = spoil.good["emg"].copy()
    emg[still.ravel(), 4] = 0.0024
    folder = spoil()
    tables = spoil.good | {"emg": emg}
    scipy.io.savemat(folder / "S1_A1_E1.mat", tables, do_compression=True)
    with pytest.warns(DataWarning, match="electrode 5 never changes .* taken for dead") as told:
        Source("db1", "A", str(folder)).load(1)
    assert len(told) == 1
    (finding,) = verify.verify(folder)
    assert finding.status == "suspicious"
    assert any("electrode 5 never changes" in each for each in finding.reasons)


@pytest.mark.parametrize("flat", [(1, 3, 4, 6, 8, 9, 10), (1, 2, 3, 5, 6, 7, 8, 9, 10)])
def test_a_dead_electrode_is_zero_in_the_test_whatever_is_held_out(recording, flat):
    """Even filtered, which smears what came before and after into the flat stretches."""
    loaded, _ = electrodes.checked(flat_in(recording, flat), DB1)
    held_out = tuple({*range(1, 11)} - {*flat})
    protocol = Protocol(200, 50, low_pass_hz=1.0, test_repetitions=held_out)
    broken, sound = protocol.prepare(loaded), protocol.prepare(recording)
    signal = broken.split.test.recording.emg
    assert not signal[:, 4].any()
    others = np.arange(10) != 4
    np.testing.assert_array_equal(signal[:, others], sound.split.test.recording.emg[:, others])
    assert np.isfinite(broken.features("test", ["mav"])).all()


def test_an_electrode_that_is_flat_for_a_while_is_left_as_it_is(recording):
    once = flat_in(recording, [1])
    assert electrodes.checked(once, DB1)[0] is once

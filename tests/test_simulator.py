import numpy as np
import pytest
import scipy.signal

from semg_lib.errors import DataError
from semg_lib.evaluation.scores import score
from semg_lib.learning import baselines
from semg_lib.papers import atzori2016
from semg_lib.recordings import databases, labels, simulator
from semg_lib.recordings.forearm import Arm, Drift


def test_same_seed_same_recording_other_seed_another(recording):
    again = simulator.simulate("db1", 1, "A", movements=(1, 2, 3, 4))
    np.testing.assert_array_equal(again.emg, recording.emg)
    other = simulator.simulate("db1", 1, "A", movements=(1, 2, 3, 4), seed=1)
    assert other.emg.shape != recording.emg.shape or np.any(other.emg != recording.emg)


def test_shape_and_labels_are_those_of_db1(recording):
    assert recording.simulated
    assert recording.rate == 100
    assert recording.n_channels == 10
    assert recording.movements.tolist() == [1, 2, 3, 4]
    assert set(recording.repetition) == set(range(1, 11))


def test_db1_is_a_rectified_envelope_and_db2_raw():
    envelope = simulator.simulate("db1", 2, "A", movements=(1,))
    assert envelope.emg.min() >= 0
    assert envelope.emg.max() <= 4.68
    raw = simulator.simulate("db2", 2, "B", movements=(1,))
    assert raw.rate == 2000
    assert abs(raw.emg.mean()) < 0.01 * raw.emg.std()
    hz, power = scipy.signal.welch(raw.emg, raw.rate, nperseg=2000, axis=0)
    inside = power[(hz >= 20) & (hz <= 450)].sum()
    assert inside / power.sum() > 0.95


def test_stimulus_and_restimulus_disagree_as_in_real_files():
    asked = simulator.simulate("db1", 5, "A", labels="stimulus")
    done = simulator.simulate("db1", 5, "A")
    assert 0.15 <= 1 - labels.label_agreement(asked.label, done.label) <= 0.30
    delay = labels.onset_delays(asked.label, done.label, done.rate)
    assert len(delay) == 120
    assert 0.5 < np.median(delay) < 1.2


def test_repetitions_differ_and_electrodes_are_correlated(recording):
    mean = [
        recording.emg[(recording.label == 1) & (recording.repetition == r)].mean(axis=0)
        for r in range(1, 11)
    ]
    spread = np.std(mean, axis=0) / np.mean(mean, axis=0)
    assert spread.min() > 0.05
    between = np.corrcoef(recording.emg[recording.label > 0].T)
    assert between[np.triu_indices(10, 1)].mean() > 0.2
    alike = labels.likeness(recording)
    assert (alike["other repetitions"] > alike["other movements"]).all()


def test_an_arm_without_variability_repeats_itself_better():
    def likeness(arm):
        recording = simulator.simulate("db1", 1, "A", movements=(1, 2), arm=arm, drift=OFF)
        return labels.likeness(recording)["other repetitions"].mean()

    OFF = Drift(0, 0, 0, 0)  # noqa: N806
    assert likeness(Arm(variability=0)) > likeness(Arm(variability=2))


def test_amputees_lack_electrodes_and_movements():
    assert simulator.simulate("db3", 7, "B", movements=(1,)).n_channels == 10
    with pytest.raises(DataError, match="did no movement"):
        simulator.simulate("db3", 1, "D")
    last = databases.movements_done(databases.database("db3"), 1)
    assert last == 38


def test_files_are_written_whole_in_the_official_layout(tmp_path):
    paths = simulator.write_files(tmp_path, "db2", 3, "B", movements=(1,))
    assert [p.relative_to(tmp_path).as_posix() for p in paths] == ["DB2_s3/S3_E1_A1.mat"]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_simulated_db1_is_as_hard_as_it_should_be():
    """Five methods between 50 and 90 %, in a sensible order: kNN last, CNN beside the best."""
    settings = atzori2016.Settings.named("db1", preset="quick")
    methods = ["cnn", *baselines.NAMES]
    accuracy = {name: [] for name in methods}
    for subject in (2, 3):
        recording = simulator.simulate("db1", subject, "A")
        for outcome in atzori2016.replicate([recording], settings, methods=methods):
            accuracy[outcome.method].append(score(outcome).accuracy)
    mean = {name: np.mean(values) for name, values in accuracy.items()}
    assert all(0.5 < value < 0.9 for value in mean.values()), mean
    assert min(mean, key=mean.get) == "knn"
    assert mean["cnn"] > mean["knn"] + 0.03

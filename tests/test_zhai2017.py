from dataclasses import fields, replace

import numpy as np
import pytest
import scipy.signal
import torch
from sklearn.decomposition import PCA

from semg_lib.errors import DataError
from semg_lib.evaluation import scores, statistics, summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.statistics import interval
from semg_lib.learning import inspection, recalibration
from semg_lib.learning import settings as marks
from semg_lib.learning.decoders import SvmDecoder
from semg_lib.papers import zhai2017
from semg_lib.papers.zhai2017 import Settings, ZhaiNet
from semg_lib.recordings import simulator
from semg_lib.recordings.forearm import Drift
from semg_lib.signals import spectrograms, splits
from semg_lib.signals.protocol import Protocol

FEW = tuple(range(1, 7))
QUICK = replace(Settings.named("db2", epochs=8), movements=FEW)


@pytest.fixture(scope="module")
def raw():
    return simulator.simulate("db2", 1, "B", movements=FEW)


@pytest.fixture(scope="module")
def prepared(raw):
    return zhai2017.prepare(raw, QUICK)


def test_a_segment_becomes_129_x_3_then_95_x_3_then_12_x_25(raw, prepared):
    windows = Protocol.of(QUICK).windows(raw)
    assert (windows.length, np.diff(windows.starts).min()) == (400, 200)
    x = torch.as_tensor(windows.take(slice(0, 5)))
    assert spectrograms.spectrogram(x, rate=2000).shape == (5, 12, 129, 3)
    image = next(zhai2017.images(windows, QUICK))
    assert image.shape[1:] == (12, 95, 3)
    assert (float(image.min()), float(image.max())) == (0, 1)
    sessions, pca = prepared
    assert pca.components.shape == (12, 25, 95 * 3)
    assert len(sessions) == 6
    for session in sessions:
        assert session.x.shape[1:] == (12, 25)
    assert float(sessions[0].x.std()) == pytest.approx(1)


def test_the_spectrogram_is_scipys_and_the_components_scikit_learns(raw, prepared):
    """From the raw signal to a segment's 25 numbers of one channel, by other people's code."""
    windows = Protocol.of(QUICK).windows(raw)
    first = windows[windows.repetition == 1]
    _, _, power = scipy.signal.spectrogram(
        first.take().astype(float), 2000, "hamming", nperseg=256, noverlap=184
    )
    power = power[:, :, :95]
    largest = power.max(axis=(1, 2, 3), keepdims=True)
    image = np.maximum(1 + 10 * np.log10(power / largest) / 40, 0)
    for channel in (0, 11):
        theirs = PCA(25).fit_transform(image[:, channel].reshape(len(image), -1))
        mine = prepared[1].apply(torch.as_tensor(image, dtype=torch.float32))[:, channel].numpy()
        np.testing.assert_allclose(np.abs(mine), np.abs(theirs), atol=2e-3 * np.abs(theirs).max())


def test_components_and_scale_see_the_first_session_only(raw, prepared):
    splits.audit(
        splits.by_repetition(Protocol.of(QUICK).windows(raw), [2, 3, 4, 5, 6]), prepared[1]
    )
    loud = raw.emg.copy()
    loud[raw.repetition > 1] *= 7
    loud[raw.repetition > 1, 3] = 0
    sessions, pca = zhai2017.prepare(raw.with_emg(loud), QUICK)
    torch.testing.assert_close(pca.components, prepared[1].components)
    torch.testing.assert_close(sessions[0].x, prepared[0][0].x, atol=1e-3, rtol=0)


def test_every_intermediate_shape_of_the_network():
    network = ZhaiNet(12, 25, 50)
    seen = inspection._outputs(network, torch.zeros(2, 12, 25))
    assert [tuple(out.shape[1:]) for out in seen.values()] == [
        (16, 10, 23),
        (16, 10, 23),
        (128,),
        (50,),
    ]
    count = sum(p.numel() for p in network.parameters())
    assert count == 16 * 9 + 16 + 16 * 10 * 23 * 128 + 128 + 128 * 50 + 50
    with pytest.raises(ValueError, match=r"expected input \(batch, 12, 25\)"):
        network(torch.zeros(2, 25, 12))
    with pytest.raises(ValueError, match="kernel 13 does not fit 12 x 25"):
        ZhaiNet(12, 25, 50, kernel=13)


def test_every_method_runs_and_recalibration_leaves_the_calibrated_one_alone(raw):
    outcomes = {o.method: o for o in zhai2017.replicate([raw], QUICK)}
    assert tuple(outcomes) == zhai2017.METHODS
    for outcome in outcomes.values():
        np.testing.assert_array_equal(outcome.label, outcomes["cnn_frozen"].label)
        score = scores.score(outcome)
        assert len(score.sessions) == len(score.agreement) == len(score.named) == 5
        assert score.accuracy == pytest.approx(np.mean(score.sessions), abs=1e-5)
        assert score.accuracy > 3 / 7
    # The first testing session comes before anything is recalibrated.
    for kind in ("cnn", "svm"):
        mine, theirs = (outcomes[f"{kind}_{mode}"] for mode in ("frozen", "recalibrated"))
        np.testing.assert_array_equal(
            mine.predicted[mine.session == 1], theirs.predicted[theirs.session == 1]
        )
    again = {o.method: o for o in zhai2017.replicate([raw], QUICK, methods=["cnn_oracle"])}
    np.testing.assert_array_equal(again["cnn_oracle"].predicted, outcomes["cnn_oracle"].predicted)


@pytest.mark.parametrize("method", ["cnn_recalibrated", "svm_recalibrated"])
def test_poisoned_labels_of_later_sessions_change_nothing(prepared, method):
    """Labels of sessions 2 to 6 become nonsense; predictions stay what they were."""
    sessions, _ = prepared
    poisoned = [
        sessions[0],
        *(replace(s, label=np.full_like(s.label, -7)) for s in sessions[1:]),
    ]
    kind = method.partition("_")[0]
    decoder = zhai2017.calibrate(kind, sessions[0], QUICK)
    first, *later = (
        recalibration.follow(decoder, each, "majority", 2, True).predicted
        for each in (sessions, poisoned)
    )
    np.testing.assert_array_equal(first, later[0])


def test_fine_tuning_goes_on_from_the_weights_it_has(prepared):
    first = prepared[0][0]
    tuned = replace(QUICK, refit="fine-tune")
    decoder = zhai2017.calibrate("cnn", first, tuned)
    network = decoder.network
    decoder.fit(first)
    assert decoder.network is network
    with pytest.raises(ValueError, match="unknown refit 'again'"):
        zhai2017.calibrate("cnn", first, replace(QUICK, refit="again"))
    anew = zhai2017.calibrate("cnn", first, QUICK)
    before = anew.network
    anew.fit(first)
    assert anew.network is not before


def test_an_svm_that_knows_one_movement_says_it():
    decoder = SvmDecoder(np.array([1, 2, 3]), QUICK.svm_c)
    one = recalibration.Session(torch.zeros(4, 2, 2), np.full(4, 2), np.zeros(4))
    decoder.fit(one)
    np.testing.assert_array_equal(decoder.probabilities(one), [[0, 1, 0]] * 4)
    two = replace(one, x=torch.arange(16.0).reshape(4, 2, 2), label=np.array([1, 1, 3, 3]))
    decoder.fit(two)
    assert decoder.probabilities(two).argmax(axis=1).tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize(("subject", "channels", "classes"), [(7, 10, 10), (1, 12, 10)])
def test_amputees_with_fewer_electrodes_or_movements_run(subject, channels, classes):
    settings = Settings.named("db3", epochs=1)
    recording = simulator.simulate("db3", subject, "B", movements=settings.movements)
    assert recording.n_channels == channels
    outcome = next(zhai2017.replicate([recording], settings, methods=["cnn_frozen"]))
    assert scores.score(outcome).classes == classes


def test_a_movement_that_is_missing_is_no_special_case(raw):
    settings = replace(QUICK, movements=(2, 4, 40), rest="none")
    outcome = next(zhai2017.replicate([raw], settings, methods=["svm_recalibrated"]))
    assert set(outcome.label) == {2, 4}
    with pytest.raises(DataError, match=r"none of the movements \(40,\)"):
        zhai2017.prepare(raw, replace(QUICK, movements=(40,)))


def test_settings_are_those_of_the_database_and_preset():
    assert Settings.named("db2").recipe.epochs == 30
    assert Settings.named("db2", preset="quick").recipe.epochs == 10
    assert (Settings.named("db3").movements, Settings.named("db3").rest) == (
        tuple(range(1, 11)),
        "none",
    )
    with pytest.raises(ValueError, match="needs raw signals, db1 has envelopes"):
        Settings.named("db1")
    with pytest.raises(ValueError, match="unknown recipe 'paper': choose from recommended"):
        Settings.named("db2", "paper")
    table = marks.table(Settings.named("db2"))
    named = {each.name for each in fields(Settings)} | {
        each.name for each in fields(zhai2017.Recipe)
    }
    assert set(table.index) == named - {"recipe", "marks"}
    stated = ["window_ms", "step_ms", "n_fft", "overlap"]
    assert (table.loc[stated, "mark"] == "S").all()


def test_the_study_changes_one_thing_a_row(raw):
    study = zhai2017.STUDIES["assumptions"]
    for changes in study.variants.values():
        assert len(changes) <= 2
        marks.change(QUICK, changes)
    outcomes = list(study.run(zhai2017.replicate, raw, QUICK, variants=["as chosen", "power"]))
    assert [o.method for o in outcomes] == [*study.titles("as chosen"), *study.titles("power")]


def test_reported_gains_are_those_stated():
    said = {each.database: (each.mean, each.sd, each.mark) for each in zhai2017.REPORTED}
    assert said == {"db2": (10.18, None, "S"), "db3": (2.99, None, "S")}


def gains(drift, subjects=8):
    """Points gained by recalibration and by the oracle, (subject,): an SVM on six movements."""
    settings = replace(Settings.named("db2"), movements=FEW)
    rows = []
    for subject in range(1, subjects + 1):
        recording = simulator.simulate("db2", subject, "B", movements=FEW, drift=drift)
        sessions, _ = zhai2017.prepare(recording, settings)
        decoder = zhai2017.calibrate("svm", sessions[0], settings)
        rows.append(
            [
                scores.score(
                    recalibration.follow(decoder, sessions, mode, kept=2, same_size=True)
                ).accuracy
                for mode in ("frozen", "majority", "oracle")
            ]
        )
    frozen, recalibrated, oracle = 100 * np.array(rows).T
    return recalibrated - frozen, oracle - frozen


@pytest.mark.slow
def test_recalibration_pays_where_there_is_drift_and_only_there():
    recalibrated, oracle = gains(Drift())
    assert interval(recalibrated)[0] > 0
    assert oracle.mean() >= recalibrated.mean()
    still, _ = gains(Drift(0, 0, 0, 0))
    assert abs(still.mean()) <= 1


def stored(**wanted):
    return load_records("zhai2017", simulated=True, **wanted)


@pytest.mark.parametrize(("database", "subjects"), [("db2", 10), ("db3", 11)])
def test_the_full_run_is_whole_and_says_what_the_chapter_says(database, subjects):
    records = stored(database=database, preset="full")
    assert {record.seed for record in records} == {0, 1, 2}
    accuracy = summaries.by_subject(records)
    assert tuple(accuracy.columns) == zhai2017.METHODS
    assert len(accuracy) == subjects
    assert not accuracy.isna().any().any()
    gain = 100 * (accuracy["cnn_recalibrated"] - accuracy["cnn_frozen"])
    assert interval(gain.to_numpy())[0] > 0
    assert accuracy["cnn_oracle"].mean() >= accuracy["cnn_recalibrated"].mean()
    for record in records:
        assert all(len(score.sessions) == 5 for score in record.scores)
    assert set(statistics.judge(zhai2017.claims(accuracy))["subjects"]) == {subjects}


def test_the_stored_drift_study_gains_nothing_without_drift():
    accuracy = 100 * summaries.by_subject(stored(study="drift"))
    still = accuracy["0: cnn_recalibrated"] - accuracy["0: cnn_frozen"]
    assert len(still) >= 6
    assert abs(still.mean()) <= 1
    for strength in ("0.5", "1", "2"):
        better = accuracy[f"{strength}: cnn_oracle"] - accuracy[f"{strength}: cnn_recalibrated"]
        assert better.mean() >= 0

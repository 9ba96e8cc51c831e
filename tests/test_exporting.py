"""Networks as files: what leaves as ONNX is what was trained."""

import warnings

import numpy as np
import pytest
import torch

from semg_lib.errors import DataError, DataWarning
from semg_lib.evaluation.records import Record, load_record
from semg_lib.learning import exchange
from semg_lib.papers import PAPERS, ding2018, zhai2017
from semg_lib.recordings import simulator
from semg_lib.recordings.source import Source
from semg_lib.running import runs, weights
from semg_lib.signals.protocol import Protocol
from tests.test_cli import semg

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


LABELS = [0, 13, 14, 15]
MOVEMENTS = {"db1": (13, 14, 15), "db2": (1, 2, 3)}  # the first of exercise B


def runtime(content):
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module", autouse=True)
def few_movements():
    """Recordings of three movements, simulated once."""
    patch = pytest.MonkeyPatch()
    small = {
        name: simulator.simulate(name, 1, "B", movements=own) for name, own in MOVEMENTS.items()
    }
    patch.setattr(Source, "load", lambda self, subject, **_: small[self.database])
    yield
    patch.undo()


def recorded(folder, paper, database, methods, epochs=1):
    """Leave a record of a quick run, made without a notebook."""
    chosen = PAPERS[paper].Settings.named(database, preset="quick", epochs=epochs)
    source = Source(database, "B")
    record = Record.start(
        source, paper=paper, subjects=[1], settings=chosen, device="cpu", seed=3,
        recipe="recommended", preset="quick",
    )  # fmt: skip
    recording = source.load(1, labels=chosen.labels)
    for outcome in PAPERS[paper].replicate([recording], chosen, methods=methods, seed=3):
        record.add(outcome)
    record.save(folder / "record.json")
    return recording, chosen


@pytest.fixture(scope="module")
def atzori(tmp_path_factory):
    folder = tmp_path_factory.mktemp("atzori")
    return folder, *recorded(folder, "atzori2016", "db1", ["lda", "cnn"])


def test_what_is_exported_takes_windows_as_they_are_cut(atzori):
    folder, recording, chosen = atzori
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # trained anew it scores what the record says
        content = exchange.to_onnx(weights.get(folder, paper="atzori2016"))
    assert len(content) < 1e6
    session = runtime(content)
    assert [each.name for each in session.get_inputs()] == ["windows"]
    assert [each.name for each in session.get_outputs()] == ["logits", "features"]
    told = session.get_modelmeta().custom_metadata_map
    assert told == {"labels": str(LABELS), "rate_hz": "100.0"}
    protocol = Protocol.of(chosen)
    cut = protocol.windows(recording)
    test = cut[np.isin(cut.repetition, chosen.test_repetitions)]
    logits, features = session.run(None, {"windows": test.take()})
    predicted = np.array(LABELS)[logits.argmax(1)]
    [stored] = [s for s in load_record(folder / "record.json").scores if s.method == "cnn"]
    assert (predicted == test.label).mean() == pytest.approx(stored.accuracy, abs=0.003)
    last = weights.get(folder).last()
    again = features @ last.weight.detach().flatten(1).numpy().T + last.bias.detach().numpy()
    np.testing.assert_allclose(again, logits, atol=1e-4)


def test_the_command_exports_and_saved_weights_need_no_training(
    atzori, tmp_path, monkeypatch, capsys
):
    folder, *_ = atzori
    out = tmp_path / "cnn.onnx"
    asked = ["export", "atzori2016", "--record", folder, "--out", out]
    status, said, _ = semg(monkeypatch, capsys, *asked)
    assert status == 0
    assert "windows of 10 x 15 at 100 Hz, labels [0, 13, 14, 15]" in said
    [kept] = weights.save(folder / "record.json")
    assert kept == folder / "weights" / "cnn-s1.pt"

    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(weights, "_train", refuse)
    x = {"windows": np.random.default_rng(0).random((4, 10, 15), np.float32)}
    kept = runtime(exchange.to_onnx(weights.get(folder))).run(None, x)[0]
    np.testing.assert_allclose(kept, runtime(str(out)).run(None, x)[0], atol=1e-5)
    record = load_record(folder / "record.json")
    record.model_copy(update={"seed": 4}).save(folder / "record.json")
    with pytest.raises(AssertionError):  # weights of another run are none of this one's
        weights.get(folder)
    record.save(folder / "record.json")


def test_a_network_of_spectrograms_takes_raw_windows(tmp_path):
    folder = tmp_path / "run"
    recording, chosen = recorded(folder, "zhai2017", "db2", ["cnn_last"])
    trained = weights.get(folder)
    session = runtime(exchange.to_onnx(trained))
    windows = Protocol.of(chosen).windows(recording)[::20]
    first, _, found = zhai2017.prepare(recording, chosen, seed=3)
    decoder = zhai2017.calibrate("cnn", first, chosen, seed=3)
    with torch.no_grad():
        expected = decoder.network.eval()(found.apply(windows)).numpy()
    logits, _ = session.run(None, {"windows": windows.take()})
    np.testing.assert_allclose(logits, expected, atol=5e-3)
    assert (logits.argmax(1) == expected.argmax(1)).all()
    weights.save(folder / "record.json")
    again = runtime(exchange.to_onnx(weights.get(folder)))
    np.testing.assert_allclose(again.run(None, {"windows": windows.take()})[0], logits, atol=1e-5)


def test_a_network_of_single_samples_leaves_as_it_is(tmp_path):
    recording, chosen = recorded(tmp_path, "geng2016", "db1", ["lda_10", "alone_200", "mlp_10"])
    assert weights.networks(load_record(tmp_path / "record.json")) == ["alone_200", "mlp_10"]
    trained = weights.get(tmp_path, method="alone_200")
    session = runtime(exchange.to_onnx(trained))
    test = Protocol.of(chosen).prepare(recording).split.test
    raw = np.stack([recording.emg[i : i + 1].T for i in test.starts[:200]])
    said = session.run(["logits"], {"windows": raw.astype(np.float32)})[0]
    with torch.no_grad():
        expected = trained.network(trained.front(torch.as_tensor(raw)))
    np.testing.assert_allclose(said, expected, atol=1e-4)
    assert said.argmax(1).tolist() == expected.argmax(1).tolist()
    with pytest.raises(DataError, match="choose from alone_200, mlp_10"):
        weights.get(tmp_path, method="cnn_10")


@pytest.mark.parametrize("name", list(ding2018.VARIANTS))
def test_every_variant_leaves_as_it_is(name):
    network = ding2018.METHODS[name](ding2018.Settings.named("3dc")).make(10, 100, 11)
    one = torch.ones(10)
    trained = exchange.Trained(
        exchange.Standard(0 * one, one), network.eval(), np.arange(11), (10, 100), 1000.0
    )
    assert runtime(exchange.to_onnx(trained)).get_inputs()[0].shape == ["batch", 10, 100]


def test_a_result_that_does_not_come_out_is_told(atzori):
    folder, *_ = atzori
    record = load_record(folder / "record.json")
    other = folder / "other"
    spoiled = record.model_copy(deep=True)
    for each in spoiled.scores:
        each.accuracy = 0.5
    spoiled.save(other / "record.json")
    with pytest.warns(DataWarning, match=r"trained anew it scores .*, in the record 50.0 %"):
        weights.get(other)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"method": "lda"}, "no network 'lda' of subject 1: choose from cnn"),
        ({"subject": 2}, "no network 'cnn' of subject 2"),
        ({"paper": "ding2018"}, "a record of atzori2016, not of ding2018"),
    ],
)
def test_what_is_not_there_is_told(atzori, asked, said):
    with pytest.raises(DataError, match=said):
        weights.get(atzori[0], **asked)


def test_a_difference_is_no_export(atzori, monkeypatch):
    monkeypatch.setattr(exchange, "CLOSE", -1.0)
    with pytest.raises(RuntimeError, match="from torch, more than"):
        exchange.to_onnx(weights.get(atzori[0]))


def test_a_run_keeps_its_weights_where_it_is_asked_to(atzori, monkeypatch, capsys):
    folder, *_ = atzori
    monkeypatch.setattr(runs.Run, "execute", lambda *_: folder)
    asked = ["run", "atzori2016", "--out", folder, "--methods", "cnn", "--save-weights"]
    status, said, _ = semg(monkeypatch, capsys, *asked)
    assert status == 0
    assert said.strip().endswith("weights/cnn-s1.pt")

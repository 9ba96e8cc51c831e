"""The page with the decoder, outside a browser: its modules give what the library gives."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import torch

from semg_lib.learning import recalibration
from semg_lib.learning.recalibration import Session
from semg_lib.publishing import decoder
from semg_lib.recordings.recording import Recording
from semg_lib.signals import preprocessing
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.windows import Windows, cut
from semg_lib.studies.protocols import vote

TESTS = Path(__file__).parent / "js"


def of(emg, rate):
    n = len(emg)
    one = np.ones(n, int)
    return Recording(emg.astype(np.float32), 0 * one, one, one, rate, "db1", 1)


def volts(rng, n, channels=10):
    return np.abs(rng.normal(size=(n, channels))).astype(np.float32)


def golden():
    """Return what the library makes of some numbers."""
    rng = np.random.default_rng(0)
    signals = [
        (rng.normal(size=(n, 2)), rate, 100) for n, rate in ((813, 1000), (90, 200), (7, 400))
    ]
    envelopes = [
        {
            "signal": of(emg, rate).emg.tolist(),
            "rate": rate,
            "target": target,
            "expected": preprocessing.envelope(of(emg, rate), rate=target).emg.tolist(),
        }
        for emg, rate, target in signals
    ]
    raw = of(volts(rng, 60), 100)
    scaler = Standardiser.fit(raw, [1])
    scaled = scaler.apply(raw)
    windows = cut(scaled, length_ms=150, step_ms=70)
    counts = rng.integers(0, 4096, (6, 10))
    shaken = volts(rng, 30)
    std = rng.uniform(0.5, 2, 10)
    how = [{"turn": 17}, {"turn": -50}, {"noise": 0.7}, {"off": [2, 9]}]
    how += [{"turn": 5, "noise": 1.5, "off": [0]}]
    probability = rng.dirichlet(np.ones(5), 40)
    features, column = rng.random((30, 6)), rng.integers(0, 4, 30)
    column[column == 2] = 3  # a class that is not met
    weight, bias = rng.normal(size=(4, 6)), rng.normal(size=4)
    layer = decoder.LastLayer(weight, bias, np.arange(4))
    session = Session(torch.as_tensor(features), column)
    before = layer.probabilities(session)
    layer.fit(session)
    answers = rng.integers(0, 5, 50)
    every = Windows(of(volts(rng, 64), 100), np.arange(50), 15)
    noisy = rng.normal(size=(1000, 2))
    _, power = scipy.signal.welch(noisy.astype(np.float32), 1000, "hann", 128, axis=0)
    return {
        "envelope": envelopes,
        "windows": {
            "signal": raw.emg.tolist(),
            "mean": scaler.mean.tolist(),
            "std": scaler.std.tolist(),
            "scaled": scaled.emg.tolist(),
            "starts": windows.starts.tolist(),
            "length": windows.length,
            "windows": windows.take().tolist(),
        },
        "packed": {
            "bytes": list(decoder.packed(counts)),
            "volts": (counts * decoder.VOLTS).tolist(),
        },
        "std": std.tolist(),
        "ring": decoder.RING,
        "disturbed": [
            {
                "how": each,
                "signal": shaken.tolist(),
                "expected": decoder.disturbed(shaken, std, **each).tolist(),
            }
            for each in how
        ],
        "normal": decoder.normal(100).tolist(),
        "probability": probability.tolist(),
        "median": [
            {"reach": reach, "expected": recalibration.median(probability, reach).tolist()}
            for reach in (0, 1, 10, 30)
        ],
        "refit": {
            "weight": weight.tolist(),
            "bias": bias.tolist(),
            "features": features.tolist(),
            "column": column.tolist(),
            "steps": decoder.STEPS,
            "before": before.tolist(),
            "after": layer.probabilities(session).tolist(),
        },
        "vote": [
            {"n": n, "answers": answers.tolist(), "expected": vote(every, answers, 10 * n).tolist()}
            for n in (1, 2, 30)
        ],
        "welch": {
            "signal": noisy.astype(np.float32).tolist(),
            "rate": 1000,
            "length": 128,
            "expected": power.T.tolist(),
        },
    }


def test_the_modules_give_what_the_library_gives(tmp_path):
    node = shutil.which("node")
    if not node:
        (pytest.fail if os.environ.get("SEMG_BROWSER") else pytest.skip)("there is no Node.js")
    path = tmp_path / "golden.json"
    path.write_text(json.dumps(golden()), encoding="utf-8")
    done = subprocess.run(
        [node, "--test", *map(str, sorted(TESTS.glob("*.test.mjs")))],
        env=os.environ | {"SEMG_GOLDEN": str(path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert "fail 0" in done.stdout
    n = int(done.stdout.split("pass ")[1].split()[0])
    assert n >= 36


def test_noise_is_normal():
    found = decoder.normal(100_000)
    assert found.mean() == pytest.approx(0, abs=0.02)
    assert found.std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(found[:-1], found[1:])[0, 1] == pytest.approx(0, abs=0.02)


def test_a_turn_by_one_electrode_is_a_shift():
    emg = volts(np.random.default_rng(1), 20)
    turned = decoder.disturbed(emg, np.ones(10), turn=45)
    np.testing.assert_allclose(turned[:, :8], np.roll(emg[:, :8], -1, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(turned[:, 8:], emg[:, 8:])


def test_the_last_layer_learns_what_it_is_told():
    rng = np.random.default_rng(2)
    column = np.repeat([0, 1, 2], [400, 20, 20])
    x = np.eye(3)[column] + 0.1 * rng.normal(size=(440, 3))
    session = Session(torch.as_tensor(x), column + 5)
    layer = decoder.LastLayer(np.zeros((3, 3)), np.zeros(3), np.array([5, 6, 7]))
    layer.fit(session)
    assert (layer.classes[layer.probabilities(session).argmax(1)] == session.label).mean() > 0.98


@pytest.fixture(scope="module")
def manifest():
    return json.loads((decoder.FOLDER / "manifest.json").read_text(encoding="utf-8"))


def test_what_is_played_is_what_the_simulator_gives(manifest):
    for name, drift in decoder.DRIFTS.items():
        shown = decoder.played(decoder.recording(drift))
        stored = (decoder.FOLDER / manifest["recordings"][name]["file"]).read_bytes()
        low, high, last = np.frombuffer(stored, np.uint8).reshape(-1, 3).T.astype(int)
        counts = np.stack([low | (high & 15) << 8, high >> 4 | last << 4], axis=1)
        apart = np.abs(counts.reshape(shown.emg.shape) - np.round(shown.emg / decoder.VOLTS))
        assert apart.max() <= 1  # another machine may round to the neighbour
        assert apart.mean() < 0.001
        assert len(stored) < 1e6
        assert decoder._changes(shown) == manifest["recordings"][name]["stretches"]
    assert (decoder.FOLDER / "network.onnx").stat().st_size < 1e6


def test_what_the_manifest_says_comes_out(manifest):
    """The stored network, on the stored recording: recalibrated or not, session by session."""
    pytest.importorskip("onnxruntime")
    content = (decoder.FOLDER / "network.onnx").read_bytes()
    shown = decoder.played(decoder.recording(decoder.DRIFTS["strong"]))
    features, windows = decoder.seen(content, shown.emg), decoder.every_window(shown)
    assert manifest["simulated"]
    gained = []
    for kind, recalibrating in (("still", False), ("recalibrated", True)):
        layer = decoder.LastLayer(
            np.array(manifest["weight"]), np.array(manifest["bias"]), np.array(manifest["labels"])
        )
        said = decoder.follow(layer, windows, features, recalibrating=recalibrating)
        scores = decoder.session_scores(windows, said)
        stored = manifest["recordings"]["strong"]["accuracy"][kind]
        assert scores == pytest.approx(stored, abs=0.005)
        gained.append(np.mean(scores))
    assert gained[1] > gained[0] + 0.05


def test_a_small_training_writes_the_same_files(tmp_path, monkeypatch, manifest):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(decoder, "SESSIONS", (3,))
    monkeypatch.setattr(decoder, "MOVEMENTS", (13, 18))
    made = decoder.make(tmp_path, epochs=1)
    assert made.keys() == manifest.keys()
    assert made["labels"] == [0, 13, 18]
    assert {path.name for path in tmp_path.iterdir()} == {*made["files"], "manifest.json"}
    again = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert again["names"] == ["rest", "thumb up", "fist"]

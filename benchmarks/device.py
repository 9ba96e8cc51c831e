"""What one decision costs on a device: in float and in int8, by ONNX Runtime, without PyTorch.

``python benchmarks/device.py`` trains atzori2016's network on real subjects of DB1 (SEMG_DATA),
then quantises it: weights and activations get eight bits, whose ranges come from training windows.
Latency is that of one window on one thread, processor time, as a ratio to torch in the same run.

``python benchmarks/device.py methods`` does so for every method of the comparison, on one simulated
subject of DB2, a window every 300 ms: what is asked is size and time, not who is best. Classical
methods are timed as a pipeline that is fitted: features of the window, then the classifier.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from measuring import machine, store
from onnxruntime import quantization

from semg_lib.learning import baselines
from semg_lib.learning.exchange import INPUT, LOGITS, Spectral, Trained, to_onnx
from semg_lib.learning.settings import change
from semg_lib.papers import atzori2016
from semg_lib.publishing import speed
from semg_lib.recordings.source import Source
from semg_lib.signals import features
from semg_lib.signals.protocol import Prepared, Protocol
from semg_lib.signals.spectrograms import SpectralComponents
from semg_lib.studies import comparison, entries

SUBJECTS = (1, 2, 4, 7)
EPOCHS = 8
FEWER = {"ding2018": 15}  # epochs, of the methods
CALIBRATION, REPEATS = 512, 301


class Seen(quantization.CalibrationDataReader):
    """Some training windows, one batch after the other."""

    def __init__(self, windows: np.ndarray) -> None:
        self.left = iter(np.split(windows, 8))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next batch, or None after the last."""
        batch = next(self.left, None)
        return None if batch is None else {INPUT: batch}


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Return a model on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def int8(model: bytes, windows: np.ndarray) -> bytes:
    """Return a model whose weights and activations have eight bits."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.onnx" for name in ("float", "ready", "int8")]
        paths[0].write_bytes(model)
        quantization.quant_pre_process(paths[0], paths[1], skip_symbolic_shape=True)
        quantization.quantize_static(
            paths[1],
            paths[2],
            Seen(windows),
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return paths[2].read_bytes()


def accuracy(model: bytes, seen: np.ndarray, label: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of inputs (window, channel, value) that a model names, in per cent."""
    run = session(model)
    said = [
        run.run([LOGITS], {INPUT: np.ascontiguousarray(part)})[0].argmax(1)
        for part in np.array_split(seen, 20)
    ]
    return 100 * float((classes[np.concatenate(said)] == label).mean())


def cost_ms(decide: Any, windows: np.ndarray) -> float:
    """Return the median processor time of one decision, in milliseconds."""
    times = []
    for i in range(REPEATS):
        began = time.process_time()
        decide(windows[i : i + 1])
        times.append(time.process_time() - began)
    return 1000 * float(np.median(times[1:]))


def one(prepared: Prepared, settings: atzori2016.Settings) -> dict[str, float]:
    """Return what the network of one subject costs and reaches."""
    method = atzori2016.METHODS["cnn"](settings)
    network = method.fit([prepared])[0].network
    assert network is not None
    train, test = prepared.split.train, prepared.split.test
    classes = np.unique(train.label)
    shape = train.recording.n_channels, train.length
    whole = to_onnx(Trained(torch.nn.Identity(), network, classes, shape, train.recording.rate))
    some = np.random.default_rng(0).permutation(len(train))[:CALIBRATION]
    small = int8(whole, train.take(some))
    windows = np.ascontiguousarray(test.take(slice(REPEATS)))
    network.eval()

    def torch_says(x: np.ndarray) -> None:
        with torch.inference_mode():
            network(torch.from_numpy(x))

    float_run, int8_run = session(whole), session(small)
    peer = cost_ms(torch_says, windows)
    return {
        "accuracy of float, %": accuracy(whole, test.take(), test.label, classes),
        "accuracy of int8, %": accuracy(small, test.take(), test.label, classes),
        "kB of float": len(whole) / 1000,
        "kB of int8": len(small) / 1000,
        "torch, ms": peer,
        "float, times torch": cost_ms(lambda x: float_run.run([LOGITS], {INPUT: x}), windows)
        / peer,
        "int8, times torch": cost_ms(lambda x: int8_run.run([LOGITS], {INPUT: x}), windows) / peer,
    }


def network(name: str, side: Prepared, fitted: Any, own: Any) -> dict[str, Any]:
    """Return what a paper's network costs and reaches; what comes before it stays in float."""
    train, test = side.split.train, side.split.test
    rate, classes = train.recording.rate, np.unique(train.label)
    front: torch.nn.Module = torch.nn.Identity()
    if name == "zhai2017":  # its network takes components of spectrograms
        front = Spectral.fitted(SpectralComponents.of(own).fit(train), rate)
    shape = train.recording.n_channels, train.length
    whole = to_onnx(Trained(front, fitted.network, classes, shape, rate))
    with torch.no_grad():
        first, last = (front(torch.as_tensor(each.take())).numpy() for each in (train, test))
    inner = Trained(torch.nn.Identity(), fitted.network, classes, first.shape[1:], rate)
    some = np.random.default_rng(0).permutation(len(first))[:CALIBRATION]
    models = {"float": to_onnx(inner)}
    models["int8"] = int8(models["float"], first[some])
    windows, run = np.ascontiguousarray(test.take(slice(REPEATS))), session(whole)
    return {
        "kB": len(whole) / 1000,
        "a decision, ms": cost_ms(lambda x: run.run([LOGITS], {INPUT: x}), windows),
        "accuracy, %": accuracy(models["float"], last, test.label, classes),
        "kB in int8": len(models["int8"]) / 1000,
        "accuracy in int8, %": accuracy(models["int8"], last, test.label, classes),
    }


def pipeline(name: str, side: Prepared) -> dict[str, Any]:
    """Return what a classical method costs and reaches."""
    train, test = side.split.train, side.split.test
    classifier = baselines.make(name, seed=0).fit(side.features("train", features.ALL), train.label)
    right = classifier.predict(side.features("test", features.ALL)) == test.label

    def decide(index: np.ndarray) -> None:
        alone = comparison.alone(test, int(index[0]))
        classifier.predict(features.extract(alone, features.ALL, scaler=side.scaler))

    return {
        "kB": len(pickle.dumps(classifier)) / 1000,
        "a decision, ms": cost_ms(decide, np.arange(REPEATS)),
        "accuracy, %": 100 * float(right.mean()),
    }


def methods() -> dict[str, Any]:
    """Return what every method of the comparison costs."""
    settings = comparison.Settings.named("db2", "quick")
    recording = Source("db2", "B").load(1, labels=settings.labels)
    sides, rows = comparison.prepare(recording, settings), {}
    for name in comparison.METHODS:
        if name in entries.ENTRIES:
            own = entries.settings(name, "db2", "full", settings.step_ms, FEWER.get(name))
            fitted = entries.ENTRIES[name].method(own).fit([sides[name]])[0]
            found = network(name, sides[name], fitted, own)
        else:
            found = pipeline(name, sides["classical"])
        rows[name] = {key: round(float(value), 3) for key, value in found.items()}
        print(name, rows[name], flush=True)
    return {
        "machine": machine(1),
        "data": "simulated DB2, exercise B, subject 1",
        "rows": rows,
    }


def main() -> None:
    """Measure, and store the table beside this file."""
    torch.set_num_threads(1)
    path = Path(__file__).with_suffix(".json")
    if sys.argv[1:] == ["methods"]:
        store(speed.load("device") | {"methods": methods()}, path)
        return
    settings = change(atzori2016.Settings.named("db1"), {"epochs": EPOCHS})
    rows = {}
    for subject in SUBJECTS:
        recording = Source("db1", "A", os.environ["SEMG_DATA"]).load(subject)
        rows[subject] = one(Protocol.of(settings).prepare(recording), settings)
        print(subject, rows[subject], flush=True)
    mean = {name: round(float(np.mean([r[name] for r in rows.values()])), 3) for name in rows[1]}
    lost = [r["accuracy of float, %"] - r["accuracy of int8, %"] for r in rows.values()]
    table = {
        "machine": machine(1),
        "versions": {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__},
        "data": f"real DB1, exercise A, subjects {', '.join(map(str, SUBJECTS))}, {EPOCHS} epochs",
        "mean": mean,
        "points lost by int8": [round(each, 3) for each in lost],
    }
    kept = {key: value for key, value in speed.load("device").items() if key == "methods"}
    store(table | kept, path)


if __name__ == "__main__":
    main()

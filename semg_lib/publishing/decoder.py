"""What the page with the decoder plays: a trained network and recordings, all simulated.

``python -m semg_lib.publishing.decoder`` makes them anew, below ``book/_static/decoder``. What the
page does to signals, and how it recalibrates, is written here a second time, as the library does
it: tests hold the page's modules against it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semg_lib.errors import command
from semg_lib.evaluation.records import code_of
from semg_lib.evaluation.scores import balanced_accuracy
from semg_lib.evaluation.writing import write_atomically
from semg_lib.learning import exchange, recalibration, training
from semg_lib.learning.recalibration import Session
from semg_lib.learning.training import History
from semg_lib.papers import atzori2016
from semg_lib.recordings import databases, simulator
from semg_lib.recordings.forearm import Drift
from semg_lib.recordings.recording import Recording
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.windows import Windows, cut

FOLDER = Path(__file__).parent.parent.parent / "book" / "_static" / "decoder"
DATABASE, SUBJECT, SEED = "db1", 1, 0
MOVEMENTS = (13, 14, 17, 18, 19, 25, 26, 29)  # of exercise B: postures that look unlike each other
TRAIN, SESSIONS = (1, 2), (3, 4, 5, 6, 7, 8)  # repetitions; the page calls them sessions
DRIFTS = {"none": 0.0, "strong": 1.5}  # times what was fitted to published curves, see `Drift`
VOLTS = 0.0024  # a step of the electrodes' converter
RING = 8  # electrodes of the armband; the others sit on chosen muscles
EVERY, REACH, STEPS = 10, 10, 100  # recalibration: a window in so many, neighbours, steps


def recording(drift: float) -> Recording:
    """Simulate the subject; repetitions follow each other as sessions, with all movements each."""
    whole = simulator.simulate(
        DATABASE, SUBJECT, "B", seed=SEED, movements=MOVEMENTS, drift=Drift(*[drift] * 4)
    )
    order = np.argsort(whole.repetition, kind="stable")
    return _picked(whole, order[np.isin(whole.repetition[order], TRAIN + SESSIONS)])


def played(whole: Recording) -> Recording:
    """Return the sessions that the page plays: those that did not train."""
    return _picked(whole, np.flatnonzero(np.isin(whole.repetition, SESSIONS)))


def _picked(whole: Recording, samples: np.ndarray) -> Recording:
    names = ("emg", "label", "repetition", "exercise")
    parts: dict[str, Any] = {name: getattr(whole, name)[samples] for name in names}
    return replace(whole, **parts)


def _bits(x: np.ndarray) -> np.ndarray:
    """Return 32 bits that look random for each number, (…,) uint64: "lowbias32"."""
    low = np.uint64(0xFFFFFFFF)
    x = x.astype(np.uint64)
    x = (x ^ (x >> np.uint64(16))) * np.uint64(0x21F0AAAD) & low
    x = (x ^ (x >> np.uint64(15))) * np.uint64(0x735A2D97) & low
    return x ^ (x >> np.uint64(15))


def normal(n: int) -> np.ndarray:
    """Return the first normal numbers of the page's own sequence, (n,)."""
    index = 2 * np.arange(n)
    u, v = (_bits(index + k).astype(float) / 2**32 for k in (1, 2))
    return np.sqrt(-2 * np.log(u + 0.5 / 2**32)) * np.cos(2 * np.pi * v)


def disturbed(
    emg: np.ndarray,
    std: np.ndarray,
    *,
    turn: float = 0.0,
    noise: float = 0.0,
    off: Sequence[int] = (),
) -> np.ndarray:
    """Return envelopes (sample, channel) as the page's controls make them.

    Parameters
    ----------
    emg : ndarray (sample, channel)
    std : ndarray (channel,)
        Of the channels in training.
    turn : float
        Of the armband, in degrees: power between two electrodes is interpolated.
    noise : float
        White noise, in standard deviations of each channel.
    off : sequence of int
        Channels that are silent.
    """
    emg = emg.astype(float)
    if turn:
        whole = int(np.floor(turn / (360 / RING)))
        share = turn / (360 / RING) - whole
        ring = np.arange(RING)
        near, far = (emg[:, (ring + whole + k) % RING] ** 2 for k in (0, 1))
        emg[:, :RING] = np.sqrt((1 - share) * near + share * far)
    if noise:
        emg = np.maximum(emg + noise * std * normal(emg.size).reshape(emg.shape), 0)
    emg[:, list(off)] = 0
    return emg.astype(np.float32)


class LastLayer:
    """A decoder of features whose last layer alone learns, each class with the same weight.

    It is trained by steps of gradient descent from the layer it has, as long as never climb. The
    balance is ours: half of what a session holds is rest.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray, classes: np.ndarray) -> None:
        self.matrix = np.concatenate([weight.T, bias[None]]).astype(float)  # (feature + 1, class)
        self.classes, self.history, self.seconds = classes, History(), 0.0

    def probabilities(self, session: Session) -> np.ndarray:
        """Return class probabilities (window, class) of features (window, feature)."""
        logits = _with_one(session) @ self.matrix
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def fit(self, session: Session) -> None:
        """Refit the last layer to labelled features."""
        x, column = _with_one(session), training.encode(session.label, self.classes)
        share = 1 / np.bincount(column, minlength=len(self.classes)).clip(1)[column]
        share /= share.sum()
        step = 2 / (share @ (x**2).sum(axis=1))
        target = np.eye(len(self.classes))[column]
        for _ in range(STEPS):
            wrong = (self.probabilities(session) - target) * share[:, None]
            self.matrix = self.matrix - step * (x.T @ wrong)


def _with_one(session: Session) -> np.ndarray:
    x = session.x.double().numpy()
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def every_window(of: Recording) -> Windows:
    """Return a window at every sample, those over boundaries too: a page cannot know better."""
    return cut(of, length_ms=150, step_ms=10, pure=False)


def pure(windows: Windows) -> np.ndarray:
    """Tell which of these windows the library would score, (window,) bool."""
    kept = cut(windows.recording, length_ms=150, step_ms=10).starts
    return np.isin(windows.starts, kept)


def session_scores(windows: Windows, predicted: np.ndarray) -> list[float]:
    """Return the balanced accuracy of each session, over windows that the library would score."""
    counts = pure(windows)
    kinds = [counts & (windows.repetition == session) for session in SESSIONS]
    return [balanced_accuracy(windows.label[k], predicted[k]) for k in kinds]


def follow(
    decoder: LastLayer, windows: Windows, features: np.ndarray, *, recalibrating: bool
) -> np.ndarray:
    """Return the label of every window, session by session, as `recalibration.recalibrate` does."""
    said = []
    parts = [windows.repetition == session for session in SESSIONS]
    whole = [Session(torch.as_tensor(features[p]), windows.label[p]) for p in parts]
    sparse = [each[::EVERY] for each in whole]
    correct = partial(recalibration.median, reach=REACH)
    scenario = "last" if recalibrating else "none"
    loop = recalibration.recalibrate(decoder, sparse[0], sparse, scenario, correct)
    for session in whole:
        next(loop)  # trains on the session before
        said.append(decoder.classes[decoder.probabilities(session).argmax(axis=1)])
    return np.concatenate(said)


def packed(counts: np.ndarray) -> bytes:
    """Return numbers of 12 bits, two in three bytes, the lowest bits first."""
    a, b = counts.astype(np.uint16).ravel().reshape(-1, 2).T
    parts = np.stack([a & 255, a >> 8 | (b & 15) << 4, b >> 4], axis=1)
    return parts.astype(np.uint8).tobytes()


def _changes(of: Recording) -> list[list[int]]:
    """Return where a stretch begins, its label and session."""
    marks = np.stack([of.label, of.repetition], axis=1)
    begin = np.flatnonzero(np.r_[True, (marks[1:] != marks[:-1]).any(axis=1)])
    return [[int(at), *map(int, marks[at])] for at in begin]


def make(folder: Path = FOLDER, *, epochs: int = 0) -> dict[str, Any]:
    """Train the network and write what the page plays; return the manifest.

    Parameters
    ----------
    folder : Path
    epochs : int
        Instead of the recommended recipe's, if not 0.
    """
    chosen = replace(atzori2016.Settings.named(DATABASE, epochs=epochs), test_repetitions=SESSIONS)
    wholes = {name: recording(drift) for name, drift in DRIFTS.items()}
    prepared = Protocol.of(chosen).prepare(wholes["none"])
    network = atzori2016.METHODS["cnn"](chosen).train(prepared, seed=SEED).network  # type: ignore[attr-defined]
    train, scaler = prepared.split.train, prepared.scaler
    front = exchange.Standard(torch.as_tensor(scaler.mean), torch.as_tensor(scaler.std))
    classes, shape = np.unique(train.label), (train.recording.n_channels, train.length)
    trained = exchange.Trained(front, network, classes, shape, float(train.recording.rate))
    content, last = exchange.to_onnx(trained), trained.last()
    weight = last.weight.detach().flatten(1).double().numpy()  # type: ignore[union-attr, operator]
    bias = last.bias.detach().double().numpy()  # type: ignore[union-attr, operator]
    manifest: dict[str, Any] = {
        "paper": "atzori2016",
        "database": DATABASE,
        "subject": SUBJECT,
        "seed": SEED,
        "simulated": True,
        "code": code_of("atzori2016", simulated=True),
        "epochs": chosen.recipe.epochs,
        "train": TRAIN,
        "sessions": SESSIONS,
        "labels": classes.tolist(),
        "names": [databases.database(DATABASE).movement(label) for label in classes],
        "rate": trained.rate,
        "channels": shape[0],
        "window": shape[1],
        "ring": RING,
        "volts": VOLTS,
        "mean": scaler.mean.tolist(),
        "std": scaler.std.tolist(),
        "weight": weight.tolist(),
        "bias": bias.tolist(),
        "parameters": sum(each.numel() for each in network.parameters()),
        "recalibration": {"every": EVERY, "reach": REACH, "steps": STEPS},
        "files": {"network.onnx": _stored(folder / "network.onnx", content)},
        "recordings": {},
    }
    for name, whole in wholes.items():
        shown, file = played(whole), f"drift-{name}.bin"
        counts = np.round(shown.emg / VOLTS)
        manifest["files"][file] = _stored(folder / file, packed(counts))
        features, windows = seen(content, shown.emg), every_window(shown)
        accuracy = {}
        for kind, recalibrating in (("still", False), ("recalibrated", True)):
            decoder = LastLayer(weight, bias, classes)
            said = follow(decoder, windows, features, recalibrating=recalibrating)
            accuracy[kind] = session_scores(windows, said)
        manifest["recordings"][name] = {
            "file": file,
            "drift": DRIFTS[name],
            "samples": len(counts),
            "stretches": _changes(shown),
            "accuracy": accuracy,
        }
    write_atomically(folder / "manifest.json", json.dumps(manifest) + "\n")
    return manifest


def seen(network: bytes, emg: np.ndarray, length: int = 15) -> np.ndarray:
    """Return the features (window, value) of a window at every sample, by ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    every = np.lib.stride_tricks.sliding_window_view(emg.astype(np.float32), length, axis=0)
    parts = [every[at : at + 2048] for at in range(0, len(every), 2048)]
    names = [exchange.FEATURES]
    return np.concatenate([session.run(names, {exchange.INPUT: part})[0] for part in parts])


def _stored(path: Path, content: bytes) -> dict[str, Any]:
    write_atomically(path, content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@command("decoder")
def main(arguments: list[str] | None = None) -> int:
    """Make what the page with the decoder plays."""
    for name, each in make()["recordings"].items():
        said = {k: f"{100 * np.mean(v):.1f} %" for k, v in each["accuracy"].items()}
        print(f"drift {name}: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

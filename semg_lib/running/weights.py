"""Trained networks of a record: from weights saved beside it, or trained anew from its seed."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from semg_lib.errors import DataError, DataWarning
from semg_lib.evaluation.records import RECORD, Record, load_record
from semg_lib.evaluation.writing import write_atomically
from semg_lib.learning.exchange import Spectral, Standard, Trained, to_onnx
from semg_lib.learning.methods import NetworkMethod
from semg_lib.learning.staged import StagedMethod
from semg_lib.papers import PAPERS
from semg_lib.recordings.source import Source
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.spectrograms import SpectralComponents


def networks(record: Record) -> list[str]:
    """Return which of a record's methods are networks; those that share a first training once."""
    module = PAPERS[record.paper]
    scored = list(dict.fromkeys(each.method for each in record.scores))
    if hasattr(module, "calibrate"):
        return [name for name in scored if name.startswith("cnn")][:1]
    chosen = _settings(record)
    if hasattr(module, "recogniser"):  # the times of a vote share one network
        scored = [*{name.rpartition("_")[0]: name for name in scored[::-1]}.values()][::-1]
        own = {name: _method(record, name, chosen) for name in scored}
        # What begins from other people's recordings is not one subject's.
        return [n for n in own if isinstance(own[n], StagedMethod) and own[n].name != "cnn"]
    return [n for n in scored if isinstance(_method(record, n, chosen), NetworkMethod)]


def _method(record: Record, name: str, chosen: Any) -> Any:
    module = PAPERS[record.paper]
    if hasattr(module, "recogniser"):
        return module.recogniser(name.rpartition("_")[0], chosen)
    return module.METHODS[name](chosen)


def get(
    path: str | Path, *, paper: str = "", method: str = "", subject: int = 0, root: str = ""
) -> Trained:
    """Return a network of a record: from saved weights, or trained anew from its seed.

    Parameters
    ----------
    path : path
        Of the record, or of its folder.
    paper : str
        Whose record it has to be; any if empty.
    method : str
        The first network if empty.
    subject : int
        The first if 0.
    root : str
        Folder with the recordings, if the record is of any and weights are not saved.

    Warns
    -----
    DataWarning
        If what is trained anew does not score as the record says.

    Raises
    ------
    DataError
        If the record has no such network, or its recordings are needed and not there.
    """
    path = Path(path, RECORD) if Path(path).is_dir() else Path(path)
    record = load_record(path)
    if paper and record.paper != paper:
        raise DataError(f"{path}: a record of {record.paper}, not of {paper}")
    if record.study or record.paper not in PAPERS:
        raise DataError(f"{path}: is of no paper's own comparison; choose another record")
    known, subject = networks(record), subject or record.subjects[0]
    method = method or (known[0] if known else "")
    if subject not in record.subjects or method not in known:
        raise DataError(
            f"{path}: no network {method!r} of subject {subject}: choose from "
            f"{', '.join(known) or 'none'}; subjects {', '.join(map(str, record.subjects))}"
        )
    saved = _place(path, method, subject)
    if saved.is_file():
        kept = torch.load(saved, weights_only=True)
        if kept["of"] == _of(record, subject):
            return _rebuilt(record, method, kept)
    return _train(record, method, subject, root)


def save(path: Path, root: str = "") -> list[Path]:
    """Write the weights of each of a record's networks beside it; see `get`.

    Returns
    -------
    list of Path
        ``weights/METHOD-sSUBJECT.pt`` in the record's folder.
    """
    record, written = load_record(path), []
    for method in networks(record):
        for subject in record.subjects:
            trained = get(path, subject=subject, method=method, root=root)
            kept = {
                "of": _of(record, subject),
                "front": dict(trained.front.named_buffers()),
                "network": trained.network.state_dict(),
                "classes": trained.classes.tolist(),
                "shape": list(trained.shape),
                "rate": trained.rate,
            }
            buffer = io.BytesIO()
            torch.save(kept, buffer)
            written.append(_place(path, method, subject))
            write_atomically(written[-1], buffer.getvalue())
    return written


def export(
    path: str | Path, out: Path, paper: str = "", method: str = "", subject: int = 0, root: str = ""
) -> str:
    """Write a network of a record as ONNX; return what is said of it. See `get`, `to_onnx`."""
    trained = get(path, paper=paper, method=method, subject=subject, root=root)
    content = to_onnx(trained)
    write_atomically(out, content)
    return (
        f"{out}: {len(content):,} bytes, windows of {' x '.join(map(str, trained.shape))} at "
        f"{trained.rate:g} Hz, labels {trained.classes.tolist()}"
    )


def _settings(record: Record) -> Any:
    """Return a record's settings as the paper's own."""
    named = PAPERS[record.paper].Settings.named
    epochs = record.settings["recipe"]["epochs"]
    return named(record.database, record.recipe, record.preset, epochs)


def _place(path: Path, method: str, subject: int) -> Path:
    return path.parent / "weights" / f"{method}-s{subject}.pt"


def _of(record: Record, subject: int) -> str:
    """Return what weights depend on, as text."""
    told = record.code, record.seed, record.settings, record.data.get(subject, "")
    return json.dumps(told, sort_keys=True)


def _train(record: Record, method: str, subject: int, root: str) -> Trained:
    chosen, module = _settings(record), PAPERS[record.paper]
    if record.code != record.code_now:
        warnings.warn("the record was made by other code", DataWarning, stacklevel=4)
    if record.data and not root:
        raise DataError(f"{record.paper} was run on recordings: name their folder as --root")
    source = Source(record.database, record.exercises, root if record.data else "")
    recording = source.load(subject, labels=chosen.labels)
    if hasattr(module, "calibrate"):
        first, later, found = module.prepare(recording, chosen, seed=record.seed)
        decoder = module.calibrate("cnn", first, chosen, seed=record.seed)
        right = np.concatenate(
            [decoder.classes[decoder.probabilities(s).argmax(1)] == s.label for s in later]
        )
        front: nn.Module = Spectral.fitted(found, recording.rate)
        network, classes, rate = decoder.network, decoder.classes, recording.rate
        samples, scored = round(chosen.window_ms * rate / 1000), "cnn_none"
    else:
        prepared = Protocol.of(chosen).prepare(recording)
        fitted = _method(record, method, chosen).train(prepared, seed=record.seed)
        test, train = prepared.split.test, prepared.split.train
        right = fitted.predict(test) == test.label
        scaler = prepared.scaler
        front = Standard(torch.as_tensor(scaler.mean), torch.as_tensor(scaler.std))
        network, classes, rate = fitted.network, np.unique(train.label), train.recording.rate
        # A vote's decisions are not all of the windows.
        samples, scored = train.length, "" if hasattr(module, "recogniser") else method
    said = [s.accuracy for s in record.scores if (s.subject, s.method) == (subject, scored)]
    if said and abs(said[0] - right.mean()) > 1e-3:
        warnings.warn(
            f"trained anew it scores {100 * right.mean():.1f} %, in the record "
            f"{100 * said[0]:.1f} %: made on another device ({record.device})?",
            DataWarning,
            stacklevel=4,
        )
    shape = (recording.n_channels, samples)
    return Trained(front, network.float(), classes, shape, float(rate))


def _rebuilt(record: Record, method: str, kept: dict[str, Any]) -> Trained:
    chosen, module = _settings(record), PAPERS[record.paper]
    front: nn.Module
    if hasattr(module, "calibrate"):
        front = Spectral(SpectralComponents.of(chosen), kept["rate"], kept["front"])
        sizes = kept["front"]["components"].shape[:2]
        options = {name: getattr(chosen, name) for name in ("width", "dropout", "image")}
        network = module.ZhaiNet(*sizes, len(kept["classes"]), **options)
    else:
        front = Standard(kept["front"]["mean"], kept["front"]["std"])
        network = _method(record, method, chosen).make(*kept["shape"], len(kept["classes"]))
    network.load_state_dict(kept["network"])
    shape = (kept["shape"][0], kept["shape"][1])
    return Trained(front, network.eval(), np.array(kept["classes"]), shape, kept["rate"])

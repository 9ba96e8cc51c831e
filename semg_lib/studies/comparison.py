"""All methods of the book under one protocol: the same recordings, instants and repetitions.

Every decision is made at the same sample, and each paper's method sees the window that it is made
for, ending there: what it may know is the same, what it looks at is the paper's.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from semg_lib import figures
from semg_lib.errors import check_name
from semg_lib.evaluation.records import Record
from semg_lib.evaluation.scores import CostedOutcome
from semg_lib.learning import baselines, inspection, parallel, training
from semg_lib.learning.recalibration import Session
from semg_lib.learning.settings import setting
from semg_lib.papers import atzori2016, ding2018, zhai2017
from semg_lib.recordings import databases
from semg_lib.recordings.recording import Recording
from semg_lib.recordings.source import Source
from semg_lib.signals import features, splits
from semg_lib.signals.preprocessing import Standardiser, envelope
from semg_lib.signals.spectrograms import ChannelPCA
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows, cut, thin_rest

METHODS = ("atzori2016", "zhai2017", "ding2018", *baselines.NAMES)
TITLES = {
    "atzori2016": "Atzori's CNN",
    "zhai2017": "Zhai's CNN, frozen",
    "ding2018": "Ding's C-B1PB2",
} | figures.TITLES


@dataclass(frozen=True)
class Settings:
    """The one protocol; every network keeps its paper's recommended recipe."""

    window_ms: float = setting(200, "O", "the longest window of the papers; others end with it")
    step_ms: float = setting(100, "O", "distance of decisions, ms")
    labels: str = setting("restimulus", "O", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5), "O", "held out; the others train")
    thin_rest: bool = setting(True, "O", "rest is a class, thinned to a movement's share")
    preset: str = setting("full", "O", "quick: fewer epochs")

    @classmethod
    def named(cls, database: str, preset: str = "full") -> Settings:
        """Return the settings for a database of raw signals and a preset.

        Raises
        ------
        ValueError
            If a name is unknown, or the database has envelopes only.
        """
        spec = databases.database(database)
        for paper in (atzori2016, zhai2017, ding2018):
            paper.Settings.named(spec.name, preset=preset)  # each says what it cannot take
        return cls(
            test_repetitions=spec.test_repetitions,
            step_ms=100 if preset == "full" else 300,
            preset=preset,
        )


@dataclass(frozen=True, eq=False)
class Side:
    """The same decisions as each paper's method sees them, and what scaled the signal."""

    split: Split
    scaler: Standardiser


def prepare(recording: Recording, settings: Settings) -> dict[str, Side]:
    """Return what each kind of method looks at, audited.

    Returns
    -------
    dict
        ``"atzori2016"``: 150 ms of envelopes; ``"zhai2017"``: 200 ms of signal in its own unit;
        ``"ding2018"``: 100 ms of z-scores; ``"classical"``: 200 ms of z-scores. All are of the same
        decisions in the same order.
    """
    whole = cut(recording, length_ms=settings.window_ms, step_ms=settings.step_ms)
    whole = thin_rest(whole) if settings.thin_rest else whole
    ends = whole.starts + whole.length
    held_out = np.isin(whole.repetition, settings.test_repetitions)
    present = set(np.unique(recording.repetition).tolist())
    seen = sorted(present - set(settings.test_repetitions))

    def side(of: Recording, length_ms: float, *, standardise: bool = True) -> Side:
        scaler = Standardiser.identity(of.n_channels)
        if standardise:
            scaler = Standardiser.fit(of, seen)
            of = scaler.apply(of)
        length = round(length_ms * of.rate / 1000)
        last = (ends - 1) // round(recording.rate / of.rate)
        windows = Windows(of, last + 1 - length, length)
        split = splits.audit(Split(windows[~held_out], windows[held_out]), scaler)
        return Side(split, scaler)

    own = {each: _paper(each, recording, settings) for each in ("atzori2016", "ding2018")}
    low = envelope(recording, rate=own["atzori2016"].rate_hz)
    return {
        "atzori2016": side(low, own["atzori2016"].window_ms),
        "zhai2017": side(recording, settings.window_ms, standardise=False),
        "ding2018": side(recording, own["ding2018"].window_ms),
        "classical": side(recording, settings.window_ms),
    }


_PAPERS = {"atzori2016": atzori2016, "zhai2017": zhai2017, "ding2018": ding2018}


def _paper(name: str, recording: Recording, settings: Settings):
    return _PAPERS[name].Settings.named(recording.database, preset=settings.preset)


@dataclass(frozen=True, eq=False)
class Decoder:
    """A trained method: what predicts, and the network in it if there is one."""

    predict: Callable[[Windows], np.ndarray]
    network: nn.Module | None = None
    input: tuple[int, int] = (0, 0)  # of the network: channels, samples or components


def learn(
    method: str,
    sides: Mapping[str, Side],
    settings: Settings,
    *,
    seed: int = 0,
    device: str = "cpu",
) -> Decoder:
    """Train one method by its own recipe on the training side."""
    check_name("method", method, METHODS)
    side = sides[method] if method in sides else sides["classical"]
    train, recording = side.split.train, side.split.train.recording
    classes = np.unique(train.label)
    if method == "atzori2016":
        paper = _paper(method, recording, settings)
        network, _ = atzori2016.train_cnn(side.split, side.scaler, paper, seed=seed, device=device)
    elif method == "ding2018":
        paper = _paper(method, recording, settings)
        network, _ = ding2018.train(side.split, "C-B1PB2", paper, seed=seed, device=device)
    elif method == "zhai2017":
        return _zhai2017(side, _paper(method, recording, settings), seed=seed, device=device)
    else:
        fitted = baselines.make(method, seed=seed)
        fitted.fit(features.extract(train, scaler=side.scaler), train.label)
        return Decoder(lambda w: fitted.predict(features.extract(w, scaler=side.scaler)))
    return Decoder(
        lambda windows: training.predict(network, windows, classes),
        network,
        (recording.n_channels, train.length),
    )


def _zhai2017(side: Side, paper: zhai2017.Settings, *, seed: int, device: str) -> Decoder:
    """Train the network on components of spectrograms; it is calibrated once and stays frozen."""
    train = side.split.train
    pca = ChannelPCA.fit(
        torch.cat(list(zhai2017.images(train, paper, device=device))),
        paper.components,
        repetitions=np.unique(train.repetition).tolist(),
    )
    splits.audit(side.split, pca)

    def components(windows: Windows) -> torch.Tensor:
        blocks = zhai2017.images(windows, paper, device=device)
        return torch.cat([pca.apply(block) for block in blocks])

    x = components(train)
    unit = x.std()
    decoder = zhai2017.CnnDecoder(np.unique(train.label), paper, seed=seed, device=device)
    decoder.fit(Session(x / unit, train.label, np.zeros(len(train), int)))

    def predict(windows: Windows) -> np.ndarray:
        nothing = np.zeros(len(windows), int)
        said = decoder.probabilities(Session(components(windows) / unit, nothing, nothing))
        return decoder.classes[said.argmax(axis=1)]

    return Decoder(predict, decoder.network, tuple(x.shape[1:]))


def replicate(
    recording: Recording,
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[CostedOutcome]:
    """Train and test methods on one subject.

    Yields
    ------
    CostedOutcome
        One a method, in order, with what it costs: parameters and multiplications of its network,
        milliseconds for one decision and seconds of processor for its training.
    """
    sides = prepare(recording, settings)
    label = sides["classical"].split.test.label
    for method in methods:
        began = time.process_time()
        decoder = learn(method, sides, settings, seed=seed, device=device)
        seconds = time.process_time() - began
        test = (sides[method] if method in sides else sides["classical"]).split.test
        yield CostedOutcome(
            recording.subject,
            method,
            label,
            decoder.predict(test),
            **_size(decoder),
            latency_ms=latency_ms(decoder, test),
            train_seconds=seconds,
        )


def _size(decoder: Decoder) -> dict[str, int | None]:
    if decoder.network is None:
        return {"parameters": None, "multiply_adds": None}
    network = copy.deepcopy(decoder.network).cpu()
    return {
        "parameters": sum(each.numel() for each in network.parameters()),
        "multiply_adds": inspection.multiply_adds(network, *decoder.input),
    }


def latency_ms(decoder: Decoder, windows: Windows, *, repeats: int = 21) -> float:
    """Return the median time for one decision, features and all, in milliseconds."""
    seconds = []
    for i in np.linspace(0, len(windows) - 1, repeats).astype(int):
        began = time.perf_counter()
        decoder.predict(windows[i : i + 1])
        seconds.append(time.perf_counter() - began)
    return 1000 * float(np.median(seconds))


def everybody(
    source: Source,
    subjects: Sequence[int],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[CostedOutcome]:
    """Run `replicate` on subjects, as many at once as there are cores."""
    shared = {"settings": settings, "methods": tuple(methods), "seed": seed, "device": device}
    jobs = [{"source": source, "subject": subject} | shared for subject in subjects]
    for outcomes in parallel.each(_one, jobs, device=device):
        yield from outcomes


def _one(source: Source, subject: int, settings: Settings, **how) -> list[CostedOutcome]:
    return list(replicate(source.load(subject, labels=settings.labels), settings, **how))


def costs(records: Sequence[Record]) -> pd.DataFrame:
    """Return accuracy and costs of each method, means over subjects; see `CostedScore`.

    Returns
    -------
    DataFrame
        One row a method: accuracy in per cent, parameters, milliseconds for a decision and
        seconds of processor for training.
    """
    rows = [score.model_dump() for record in records for score in record.scores]
    table = pd.DataFrame(rows).astype({"parameters": float})
    names = {
        "parameters": "parameters",
        "latency_ms": "a decision, ms",
        "train_seconds": "training, core seconds",
    }
    mean = table.groupby("method", sort=False)[["accuracy", *names]].mean()
    mean["accuracy"] *= 100
    return mean.rename(columns=names)

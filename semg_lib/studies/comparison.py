"""All methods of the book under one protocol: the same recordings, instants and repetitions.

Every decision is made at the same sample, and each paper's method sees the window that it is made
for, ending there: what it may know is the same, what it looks at is the paper's.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.errors import check_name
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record
from semg_lib.learning import baselines, inspection
from semg_lib.learning.methods import ClassicalMethod, Fitted, Method
from semg_lib.learning.outcomes import CostedOutcome
from semg_lib.learning.settings import setting
from semg_lib.papers import PAPERS
from semg_lib.recordings import databases
from semg_lib.recordings.recording import Recording
from semg_lib.signals.protocol import Prepared, Protocol
from semg_lib.signals.windows import Windows
from semg_lib.studies import entries
from semg_lib.studies.entries import ENTRIES

ABLE = tuple(name for name in ENTRIES if "db2" in PAPERS[name].DATABASES)
METHODS = (*ABLE, *baselines.NAMES)
TITLES = {name: ENTRIES[name].TITLE for name in ABLE} | {
    name: figures.TITLES[name] for name in baselines.NAMES
}


@dataclass(frozen=True)
class Settings:
    """The one protocol; every network keeps its paper's recommended recipe."""

    window_ms: float = setting(200, "O", "the longest window of the papers; others end with it")
    step_ms: float = setting(100, "O", "distance of decisions, ms")
    labels: str = setting("restimulus", "O", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5), "O", "held out; the others train")
    rest: str = setting("thinned", "O", "rest is a class, thinned to a movement's share")
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
        for name in ABLE:
            PAPERS[name].Settings.named(spec.name, preset=preset)  # each says what it cannot take
        return cls(
            test_repetitions=spec.test_repetitions,
            step_ms=100 if preset == "full" else 300,
            preset=preset,
        )


def _of_paper(name: str, recording: Recording, settings: Settings) -> Any:
    return entries.settings(name, recording.database, settings.preset, settings.step_ms)


def prepare(
    recording: Recording, settings: Settings, names: Sequence[str] = ABLE
) -> dict[str, Prepared]:
    """Return what each kind of method looks at, audited.

    Returns
    -------
    dict
        ``"classical"``: 200 ms of z-scores; and for each paper named what its network sees. All
        are of the same decisions in the same order.
    """
    whole = Protocol.of(settings).prepare(recording)
    return {"classical": whole} | {
        name: entries.seen(name, whole, recording, _of_paper(name, recording, settings))
        for name in names
        if name in ENTRIES
    }


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

    Raises
    ------
    ValueError
        If a method is unknown.
    """
    for name in methods:
        check_name("method", name, METHODS)
    sides = prepare(recording, settings, methods)
    label = sides["classical"].split.test.label
    for name in methods:
        side = sides.get(name, sides["classical"])
        method: Method = (
            ENTRIES[name].method(_of_paper(name, recording, settings))
            if name in ENTRIES
            else ClassicalMethod(name)
        )
        began = time.process_time()
        fitted = method.fit([side], seed=seed, device=device)[0]
        seconds = time.process_time() - began
        test = side.split.test
        yield CostedOutcome(
            recording.subject,
            name,
            label,
            fitted.predict(test),
            parameters=_parameters(fitted),
            multiply_adds=_multiply_adds(fitted),
            latency_ms=latency_ms(fitted, test),
            train_seconds=seconds,
        )


def _parameters(fitted: Fitted) -> int | None:
    if fitted.network is None:
        return None
    return sum(each.numel() for each in fitted.network.parameters())


def _multiply_adds(fitted: Fitted) -> int | None:
    if fitted.network is None:
        return None
    network: Any = copy.deepcopy(fitted.network).cpu()
    return inspection.multiply_adds(network, network.n_channels, network.n_samples)


def latency_ms(fitted: Fitted, windows: Windows, *, repeats: int = 21) -> float:
    """Return the median time of the processor for one decision, features and all, in milliseconds.

    What else runs on the machine does not count, as it would by the clock on the wall.
    """
    chosen = [alone(windows, i) for i in np.linspace(0, len(windows) - 1, repeats).astype(int)]
    fitted.predict(chosen[0])  # what is started once is not what a decision costs
    seconds = []
    for window in chosen:
        began = time.process_time()
        fitted.predict(window)
        seconds.append(time.process_time() - began)
    return 1000 * float(np.median(seconds))


def alone(windows: Windows, i: int) -> Windows:
    """Return one window of a recording that holds nothing else, as a device in use has it."""
    whole, start = windows.recording, windows.starts[i]
    names = ("emg", "label", "repetition", "exercise")
    parts: dict[str, Any] = {
        name: getattr(whole, name)[start : start + windows.length] for name in names
    }
    return Windows(replace(whole, **parts), np.zeros(1, int), windows.length)


def answer(accuracy: pd.DataFrame) -> str:
    """Return, in words, which method is best and which cannot be told from it.

    Parameters
    ----------
    accuracy : DataFrame (subject, method)
    """
    ranks, mean = statistics.mean_ranks(accuracy), 100 * accuracy.mean()
    apart = statistics.critical_difference(len(ranks), len(accuracy))
    best, *others = (
        f"{figures.title(str(name), figures.TITLES | TITLES)} ({mean[name]:.1f} %)"
        for name in ranks.index[ranks < ranks.min() + apart]
    )
    told = f"**Of {len(ranks)} methods on {len(accuracy)} subjects {best} has the best mean rank**"
    if not others:
        return f"{told}, and can be told from every other method."
    return f"{told}; what cannot be told from it by these ranks: {', '.join(others)}."


def costs(records: Sequence[Record]) -> pd.DataFrame:
    """Return accuracy and costs of each method, means over subjects; see `CostedScore`, `alike`.

    Returns
    -------
    DataFrame
        One row a method: accuracy in per cent, parameters, milliseconds for a decision and
        seconds of processor for training.
    """
    summaries.comparable(records)
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

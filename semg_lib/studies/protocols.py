"""How the protocol changes accuracy: one network, scored under protocols that differ in one choice.

The methods are those of atzori2016. Some protocols here leak on purpose, so that a reader sees
what a leak is worth; `Protocol.prepare` refuses them, and nothing else in this library uses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from semg_lib.errors import DataError, check_name
from semg_lib.learning import parallel
from semg_lib.learning.outcomes import Outcome
from semg_lib.learning.settings import change
from semg_lib.papers import atzori2016
from semg_lib.papers.atzori2016 import Settings
from semg_lib.recordings.recording import Recording
from semg_lib.recordings.source import Source
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.votes import vote

METHODS = ("cnn", "lda", "knn", "svm")
HOURS = {("other subjects", "svm")}  # its time grows with the square of the windows: left out
FOLDS = 3  # of subjects, where none is trained on whom it is tested

# What each protocol changes in this book's own.
BASE = "held-out repetitions"
PROTOCOLS: dict[str, dict[str, Any]] = {
    BASE: {},
    "random windows held out": {"split": "window"},
    "scaler fitted to everything": {"scaler": "everything"},
    "windows over boundaries": {"pure": False},
    "labels of the screen": {"labels": "stimulus"},
    "all rest kept": {"rest": "all"},
    "rest left out": {"rest": "none"},
    "vote over 300 ms": {"vote_ms": 300},
    "one repetition left out": {"split": "leave one repetition out"},
    "other subjects": {"split": "subject"},
    "everything that flatters": {
        "split": "window",
        "scaler": "everything",
        "rest": "all",
        "vote_ms": 300,
    },
}


def named(database: str, preset: str = "full", epochs: int = 0) -> Settings:
    """Return atzori2016's settings, with half the training windows and half the epochs.

    What is compared here are protocols, and a network for each of ten repetitions costs.
    """
    settings = atzori2016.Settings.named(database, "recommended", preset, epochs)
    if preset == "quick":
        return change(settings, {"step_ms": 60, "train_step_ms": 60})
    return change(settings, {"train_step_ms": 40, "epochs": epochs or 15})


def protocol(name: str, settings: Settings) -> Protocol:
    """Return the protocol of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    check_name("protocol", name, PROTOCOLS)
    return replace(Protocol.of(settings), **PROTOCOLS[name])


def under(
    protocol: Protocol,
    source: Source,
    subjects: Sequence[int],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    others: Sequence[int] = (),
    seed: int = 0,
    device: str = "cpu",
) -> list[Outcome]:
    """Score methods under a protocol, subject by subject.

    Parameters
    ----------
    protocol : Protocol
    source : Source
    subjects : sequence of int
        Whom to test on.
    settings : Settings
        Of the network.
    methods : sequence of str
        Of atzori2016.
    others : sequence of int
        Whom to train on where the split is by subject.
    """
    for name in methods:
        check_name("method", name, atzori2016.METHODS)
    tested = [_load(source, each, protocol.labels) for each in subjects]
    across = protocol.split == "subject"
    if across:
        trained = [_load(source, each, protocol.labels) for each in others]
        prepared = protocol.across(trained, tested)
    else:
        prepared = [fold for each in tested for fold in protocol.folds(each, seed=seed)]
    outcomes = []
    for name in methods:
        method = atzori2016.METHODS[name](settings)
        # Across subjects all folds are trained on the same people: one model says it all.
        own = prepared[:1] if across else prepared
        fitted = method.fit(own, seed=seed, device=device) * (len(prepared) if across else 1)
        said: dict[int, list[np.ndarray]] = {each: [] for each in subjects}
        for fold, model in zip(prepared, fitted, strict=True):
            windows = fold.split.test
            predicted = model.predict(windows)
            if protocol.vote_ms:
                predicted = vote(windows, predicted, protocol.vote_ms)
            said[windows.recording.subject].append(np.stack([windows.label, predicted]))
        for subject, parts in said.items():
            outcomes.append(Outcome(subject, name, *np.concatenate(parts, axis=1)))
    return outcomes


def able(name: str, methods: Sequence[str]) -> list[str]:
    """Return which of these methods are run under the protocol of that name."""
    return [each for each in methods if (name, each) not in HOURS]


@lru_cache(maxsize=2)
def _load(source: Source, subject: int, labels: str) -> Recording:
    """Load a recording; one protocol after the other asks for the same."""
    return source.load(subject, labels=labels)


def replicate(
    name: str,
    source: Source,
    subjects: Sequence[int],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    only: int = 0,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Score methods under the protocol of that name, as ``name: cnn`` and so on, but for `HOURS`.

    On a CPU as many networks train at once as there are cores, on one each. If ``only`` names a
    subject, the others are not scored.

    Raises
    ------
    ValueError
        If there is no such protocol, or a single subject whose others should train.
    """
    check_name("protocol", name, PROTOCOLS)
    chosen = protocol(name, settings)
    groups: list[tuple[list[int], list[int]]] = [([each], []) for each in subjects]
    if chosen.split == "subject":
        if len(subjects) < 2:
            raise DataError(f"{name}: there is one subject and nobody else to train on; add one")
        parts = np.array_split(np.asarray(subjects), min(FOLDS, len(subjects)))
        tested = [part.tolist() for part in parts]
        groups = [(part, [each for each in subjects if each not in part]) for part in tested]
    own = tuple(able(name, methods))
    shared = {"settings": settings, "methods": own, "seed": seed, "device": device}
    jobs = [
        {"protocol": chosen, "source": source, "subjects": group, "others": others} | shared
        for group, others in groups
        if not only or only in group
    ]
    for outcomes in parallel.each(under, jobs, device=device):
        for outcome in outcomes:
            if only in (0, outcome.subject):
                yield replace(outcome, method=f"{name}: {outcome.method}")

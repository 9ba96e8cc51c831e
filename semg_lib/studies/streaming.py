"""Streaming: methods decide on whole test stretches, rest and transitions kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.errors import check_name
from semg_lib.evaluation import scores, streaming, summaries
from semg_lib.evaluation.records import Record
from semg_lib.learning import baselines, training
from semg_lib.learning.outcomes import StreamOutcome
from semg_lib.learning.settings import setting
from semg_lib.papers import PAPERS
from semg_lib.recordings import databases, labels
from semg_lib.recordings.recording import Recording
from semg_lib.signals import features
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import cut, thin_rest
from semg_lib.studies import entries
from semg_lib.studies.entries import ENTRIES

ABLE = tuple(name for name in ENTRIES if "db1" in PAPERS[name].DATABASES)
METHODS = (*ABLE, "lda", "random_forest", "knn")
TITLES = figures.TITLES | {name: ENTRIES[name].TITLE for name in ABLE}
SCORE = scores.streamed  # what its outcomes become


@dataclass(frozen=True)
class Settings:
    """How a stream is cut and judged."""

    classical_ms: float = setting(200, "O", "what features see; all windows end together")
    step_ms: float = setting(20, "O", "from decision to decision")
    train_step_ms: float = setting(20, "O", "distance of training windows, half of atzori2016's")
    labels: str = setting("restimulus", "O", "labels re-aligned to the EMG")
    test_repetitions: tuple[int, ...] = setting((2, 5, 7), "O", "held out; the others train")
    stays_ms: float = setting(200, "O", "right for so long, a movement is recognised")
    most_epochs: int = setting(16, "O", "of a network; else its paper's steps of training")

    @classmethod
    def named(cls, database: str, preset: str = "full", epochs: int = 0) -> Settings:
        """Return the settings for a database of envelopes and a preset."""
        settings = cls(test_repetitions=databases.database(database).test_repetitions)
        if preset == "quick":
            settings = replace(settings, step_ms=40, train_step_ms=60, most_epochs=2)
        return replace(settings, most_epochs=epochs or settings.most_epochs)


@dataclass(frozen=True, eq=False)
class Said:
    """What a method says of each decision of a stream."""

    probability: np.ndarray  # (decision, class)
    classes: np.ndarray
    stretch: np.ndarray

    @property
    def likeliest(self) -> np.ndarray:
        """The likeliest label of each decision, (decision,)."""
        return self.classes[self.probability.argmax(axis=1)]


EVERY = "every window"
VOTES, LEAST, HELD = (5, 10, 25, 50), (0.5, 0.7, 0.9), (2, 5, 10, 25)


def _vote(said: Said, n: int) -> np.ndarray:
    return streaming.majority(said.likeliest, said.stretch, n)


def _confident(said: Said, least: float) -> np.ndarray:
    return streaming.confident(said.probability, said.classes, least)


def _held(said: Said, n: int) -> np.ndarray:
    return streaming.held(said.likeliest, said.stretch, n)


# What becomes of a method's probabilities before the hand moves.
RULES: dict[str, Callable[[Said], np.ndarray]] = {
    EVERY: lambda said: said.likeliest,
    **{f"vote of {n}": partial(_vote, n=n) for n in VOTES},
    **{f"at least {100 * p:.0f} % sure": partial(_confident, least=p) for p in LEAST},
    **{f"held until {n} agree": partial(_held, n=n) for n in HELD},
}


def prepare(recording: Recording, settings: Settings) -> tuple[Prepared, np.ndarray]:
    """Return training windows beside the test stream, audited, and each decision's stretch.

    A stretch is a movement with half of the rest before it and half of that after it.
    """
    recording = labels.share_rests(recording)
    held = np.isin(recording.repetition, settings.test_repetitions)
    scaler = Standardiser.fit(recording, np.unique(recording.repetition[~held]).tolist())
    scaled, length = scaler.apply(recording), settings.classical_ms
    train = cut(scaled, length_ms=length, step_ms=settings.train_step_ms)
    stream = cut(scaled, length_ms=length, step_ms=settings.step_ms, pure=False)
    # Within one stretch, which may hold a transition; a movement's next repetition is another.
    piece = np.cumsum(np.diff(recording.repetition, prepend=recording.repetition[0]) != 0)
    inside = piece[stream.starts] == piece[stream.starts + stream.length - 1]
    stream = stream[inside & np.isin(stream.repetition, settings.test_repetitions)]
    train = train[~np.isin(train.repetition, settings.test_repetitions)]
    prepared = Prepared(Split(thin_rest(train), stream), scaler).audited()
    return prepared, np.unique(piece[stream.starts], return_inverse=True)[1]


def probabilities(
    name: str,
    prepared: Prepared,
    recording: Recording,
    settings: Settings,
    *,
    seed: int = 0,
    device: str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Train a method; return its probabilities (decision, class) of the stream, and classes.

    ``prepared`` is of the ``recording``, whose rests are shared; see `prepare`.
    """
    train = prepared.split.train
    classes = np.unique(train.label)
    if name not in ENTRIES:
        seen = [prepared.features(side, features.ALL) for side in ("train", "test")]
        classifier = baselines.make(name, seed=seed).fit(seen[0], train.label)
        return classifier.predict_proba(seen[1]), classes
    steps = settings.train_step_ms, settings.most_epochs
    own = entries.settings(name, recording.database, "full", *steps)
    side = entries.seen(name, prepared, recording, own)
    network = ENTRIES[name].method(own).fit([side], seed=seed, device=device)[0].network
    precision = own.recipe.precision
    return training.scores(network, side.split.test, precision=precision), classes


def replicate(
    recording: Recording,
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[StreamOutcome]:
    """Train methods on one subject and let them decide under every rule, ``rule: method``.

    Raises
    ------
    ValueError
        If a method is unknown.
    """
    for name in methods:
        check_name("method", name, METHODS)
    prepared, stretch = prepare(recording, settings)
    seen = prepared, labels.share_rests(recording), settings
    for name in methods:
        said = Said(*probabilities(name, *seen, seed=seed, device=device), stretch)
        for rule, decide in RULES.items():
            yield StreamOutcome(
                recording.subject,
                f"{rule}: {name}",
                prepared.split.test.label,
                decide(said),
                stretch=stretch,
                step_ms=settings.step_ms,
                stays_ms=settings.stays_ms,
            )


SHOWN = (EVERY, "vote of 25", "at least 90 % sure", "held until 10 agree")
COLUMNS = {
    "accuracy": "of decisions, %",
    "carried_out": "of executions, %",
    "missed": "never recognised, %",
    "onset_ms": "delay, ms",
    "false_activations": "false activations a minute",
}


def table(records: Sequence[Record]) -> pd.DataFrame:
    """Return means over seeds and subjects (rule, method's title) of a stream's scores."""
    measured = {}
    for value in COLUMNS:
        found = summaries.by_variant(records, value=value).mean().unstack("method", sort=False)
        measured[COLUMNS[value]] = found.stack() * (100 if "%" in COLUMNS[value] else 1)
    told = pd.DataFrame(measured).rename_axis(["rule", "method"])
    return told.rename(index=TITLES, level="method")


def shown(told: pd.DataFrame, rules: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Return some rules of a `table`, one row a rule and method, rounded."""
    own = told.loc[list(rules)].round(1)
    names = [f"{rule}, {method}" for rule, method in own.index]
    return own.set_axis(pd.Index(names, name="rule and method"))


def waiting(told: pd.DataFrame, n: int = 25) -> str:
    """Return, in words, what a vote brings and costs, from a `table`."""
    before, after = told.loc[[EVERY]].mean(), told.loc[[f"vote of {n}"]].mean()
    false, late, done = (COLUMNS[k] for k in ("false_activations", "onset_ms", "carried_out"))
    return (
        f"**A vote of {n} decisions takes false activations from {before[false]:.0f} to "
        f"{after[false]:.0f} a minute and costs {after[late] - before[late]:.0f} ms**; executions "
        f"carried out go from {before[done]:.1f} to {after[done]:.1f} % (means over methods)."
    )


def ranked(told: pd.DataFrame, rule: str = EVERY) -> pd.DataFrame:
    """Return each method's rank, 1 for the best, by every column of a `table` under a rule."""
    own = told.loc[[rule]].droplevel("rule")
    places = {
        name: own[name].rank(ascending=not name.startswith("of "), method="min") for name in own
    }
    return pd.DataFrame(places).astype(int)


def feels(told: pd.DataFrame, rule: str = EVERY) -> str:
    """Return, in words, how far methods lie apart by windows and by what a user feels."""
    own = told.loc[[rule]].droplevel("rule")
    best = {name: at.idxmin() for name, at in ranked(told, rule).items()}
    right, done, late, false = (
        COLUMNS[name] for name in ("accuracy", "carried_out", "onset_ms", "false_activations")
    )
    apart = {name: f"{own[name].min():.1f} to {own[name].max():.1f} %" for name in (right, done)}
    return (
        f"**Window by window the methods are right in {apart[right]}, and carry out {apart[done]} "
        f"of the executions.** {best[right]} decides best window by window; {best[done]} carries "
        f"out most executions, {best[late]} has the least delay ({own[late].min():.0f} ms), "
        f"{best[false]} the fewest false activations ({own[false].min():.0f} a minute)."
    )

"""Sessions: one model, tested within the session it was trained in, in the next and in later ones.

In the sessions set a session holds each contraction once. Within it nothing can be held out but
the rest of a contraction that was trained on: `splits.audit` refuses that, and it is scored here
only to show what it would seem to be worth. In the armband set a block holds each gesture four
times, and one repetition of a block is held out as it should be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from semg_lib.errors import DataError, check_name
from semg_lib.evaluation.records import Record
from semg_lib.learning.outcomes import Outcome, SessionOutcome
from semg_lib.learning.settings import change, choose, setting
from semg_lib.papers import atzori2016
from semg_lib.recordings import databases
from semg_lib.recordings.recording import Recording
from semg_lib.signals.preprocessing import Standardiser, envelope
from semg_lib.signals.protocol import Prepared, Protocol
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows

METHODS = ("cnn", "lda", "knn", "svm")
WITHIN, AFTER = "within", "after"
LATER = "all later sessions"
NEXT_BLOCK = "after block 1"
_HZ = 200  # of the envelopes that atzori2016 makes of raw signals
_NAME = re.compile(rf"({WITHIN}|{AFTER}) sessions? ([\d, ]+): (\w+)")


@dataclass(frozen=True)
class Settings(atzori2016.Settings):
    """atzori2016's settings, and how sessions are divided.

    A session has few windows, so that batches are of 64: with the paper's 256 an epoch would be
    three steps.
    """

    step_ms: float = setting(80, "O", "distance of test windows, ms")
    train_step_ms: float = setting(40, "O", "distance of training windows, ms")
    rest: str = setting("all", "O", "no motion, where it is recorded, is a class like the others")
    gap_ms: float = setting(500, "O", "left out between the halves of a contraction, ms")
    trained: tuple[int, ...] = setting((1, 3, 5), "O", "sessions that train, with as many windows")


def named(database: str, preset: str = "full", epochs: int = 0) -> Settings:
    """Return the settings for a set of raw signals, whose envelopes are of about 200 Hz.

    2048 Hz is not divided by 200: of its whole parts 204.8 Hz is the nearest.

    Raises
    ------
    DataError
        If the set has neither sessions nor held movements.
    """
    spec = databases.database(database)
    if not spec.held:
        raise DataError(f"{spec.name} has no sessions or blocks: choose multiday or 3dc")
    settings = Settings(
        rate_hz=spec.rate / round(spec.rate / _HZ),
        test_repetitions=() if spec.sessions else spec.test_repetitions,
    )
    quick = {"step_ms": 240, "train_step_ms": 60, "trained": (1,)}
    # A block has six times a session's windows: as many steps in a sixth of the epochs.
    epochs = epochs or (30 if spec.sessions else 5)
    chosen = choose(settings, atzori2016.RECIPES, "recommended", preset, epochs, quick=quick)
    return change(chosen, {"batch_size": 64})


@dataclass(frozen=True, eq=False)
class Fold:
    """What one model is trained on, and where it is tested."""

    trained: str  # the sessions, or the block, in words
    prepared: Prepared  # to train on, beside all that comes later; audited
    within: Windows  # to test on, of the same session or block; of several sessions none


def folds(recording: Recording, settings: Settings) -> Iterator[Fold]:
    """Yield every model's windows, in the order of what it was trained on.

    Of sessions the first half of each contraction trains and the end of each tests, in every
    session alike, so that the distance of sessions is all that differs. Of blocks one repetition
    after the other is held out.

    Raises
    ------
    LeakError
        If a window, or what was fitted, has reached over to a later session or block.
    """
    in_sessions = databases.database(recording.database).sessions
    early = late = np.ones(len(recording.emg), bool)
    if in_sessions:
        early, late = halves(recording, round(settings.gap_ms * recording.rate / 1000))
    cut = replace(Protocol.of(settings), step_ms=settings.train_step_ms, rate_hz=0.0)
    every = round(settings.step_ms / settings.train_step_ms)
    present = np.unique(recording.repetition).tolist()
    divided = _sessions(present, settings.trained)
    if not in_sessions:
        divided = _blocks(present, settings.test_repetitions)
    for name, trained, within, later in divided:
        # No scaler asks for the repetition of a sample that does not train.
        seen = replace(recording, repetition=np.where(early, recording.repetition, -1))
        scaler = Standardiser.fit(seen, trained)
        windows = cut.windows(scaler.apply(recording))
        train = _of(windows, early, trained)
        if in_sessions:  # of several as many windows as of one: what they add is not their number
            train = train[:: len(trained)]
        split = Split(train, _of(windows, late, later)[::every])
        tested = _of(windows, late, within)[::every]
        yield Fold(name, Prepared(split, scaler).audited(), tested)


Division = tuple[str, list[int], list[int], list[int]]  # a name; trained on; within; later


def _sessions(present: list[int], trained: Sequence[int]) -> Iterator[Division]:
    for n in trained:
        for i in range(n, len(present) + (n == 1)):  # within the last one there is a score, too
            name = f"session{'s' if n > 1 else ''} {', '.join(map(str, present[i - n : i]))}"
            yield name, present[i - n : i], present[i - 1 : i] if n == 1 else [], present[i:]


def _blocks(present: list[int], later: Sequence[int]) -> Iterator[Division]:
    block = [each for each in present if each not in later]
    for held in block:
        yield "block 1", [each for each in block if each != held], [held], list(later)


def _of(windows: Windows, part: np.ndarray, repetitions: Sequence[int]) -> Windows:
    """Return the windows that lie in a part of the samples, (sample,) bool, and in repetitions."""
    whole = part[windows.starts] & part[windows.starts + windows.length - 1]
    return windows[whole & np.isin(windows.repetition, repetitions)]


def halves(recording: Recording, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Tell which samples are of a contraction's first half, and which come a gap after it."""
    change = (np.diff(recording.label) != 0) | (np.diff(recording.repetition) != 0)
    bounds = np.flatnonzero(np.concatenate([[True], change, [True]]))
    early, late = np.zeros((2, len(recording.emg)), bool)
    for begin, end in pairwise(bounds.tolist()):
        half = (begin + end) // 2
        early[begin:half] = True
        late[half + gap : end] = True
    return early, late


def replicate(
    recording: Recording,
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    known: Collection[str] = (),
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Score methods of atzori2016 on one person: the network on envelopes, others on raw signals.

    Parameters
    ----------
    recording : Recording
        Of sessions, or of two blocks.
    settings : Settings
    methods : sequence of str
    known : collection of str
        Names of outcomes that are there already.

    Yields
    ------
    Outcome
        ``within session 1: cnn``, ``after session 1: cnn`` and so on. The latter are
        `SessionOutcome` over all later sessions at hand.

    Raises
    ------
    ValueError
        If a method is unknown.
    """
    for name in methods:
        check_name("method", name, METHODS)
    for name in methods:
        method = atzori2016.METHODS[name](settings)
        signal = envelope(recording, rate=settings.rate_hz) if name == "cnn" else recording
        said: dict[str, list[np.ndarray]] = {}
        for fold in folds(signal, settings):
            sides = {WITHIN: fold.within, AFTER: fold.prepared.split.test}
            titles = {f"{where} {fold.trained}: {name}": each for where, each in sides.items()}
            if all(title in known or not len(each) for title, each in titles.items()):
                continue
            [fitted] = method.fit([fold.prepared], seed=seed, device=device)
            for title, windows in titles.items():
                if len(windows) and title not in known:
                    rows = np.stack([windows.label, fitted.predict(windows), windows.repetition])
                    said.setdefault(title, []).append(rows)
        for title, parts in said.items():
            label, predicted, session = np.concatenate(parts, axis=1)
            own = recording.subject, title, label, predicted
            if title.startswith(AFTER):
                yield SessionOutcome(*own, session=session)
            else:
                yield Outcome(*own)


def pairs(record: Record) -> pd.DataFrame:
    """Return how well each model did in each session.

    Parameters
    ----------
    record : Record
        Of `replicate` on sessions.

    Returns
    -------
    DataFrame
        One row a model and session: method, how many sessions trained it, the last of them,
        distance (0 is within), and accuracy in per cent.
    """
    told = [(score, *_parsed(score.method)) for score in record.scores]
    at_hand = sorted({last for _, where, _, last, _ in told if where == WITHIN})
    rows = []
    for score, where, n, last, method in told:
        found = {last: score.accuracy}
        if where == AFTER:
            later = [each for each in at_hand if each > last]
            found = dict(zip(later, getattr(score, "sessions", ()), strict=True))
        rows += [(method, n, last, each - last, 100 * found[each]) for each in found]
    rows.sort(key=lambda row: METHODS.index(row[0]))
    return pd.DataFrame(rows, columns=["method", "trained", "last", "distance", "accuracy"])


def by_start(record: Record) -> pd.DataFrame:
    """Return accuracies within a session, in the next and in all later ones, as fractions.

    Returns
    -------
    DataFrame
        One row for each last session of those trained on that has a later one, one column a
        variant and method. What was not scored is not-a-number.
    """
    table = pairs(record)
    order = table["method"].unique()
    table["accuracy"] /= 100
    keys = ["trained", "last", "method"]
    within = table[table["distance"] == 0].groupby(keys)["accuracy"].first()
    later = table[table["distance"] > 0].groupby(keys)["accuracy"]
    variants = {
        "within the session": within.loc[1],
        "next session": later.first().loc[1],
        LATER: later.mean().loc[1],
    } | {
        f"{LATER}, {n} trained on": later.mean().loc[n]
        for n in sorted(table["trained"].unique())
        if n > 1
    }
    wide = {name: each.unstack()[order] for name, each in variants.items()}
    joined = pd.concat(wide, axis=1, names=["variant", "method"])
    return joined.dropna(subset=[(LATER, each) for each in order])


def _parsed(title: str) -> tuple[str, int, int, str]:
    """Return what a score's name says: where, how many trained, the last of them, the method."""
    found = _NAME.fullmatch(title)
    if not found:
        raise DataError(f"{title!r} is no score of sessions: choose the record of multiday")
    numbers = [int(each) for each in found[2].split(", ")]
    return found[1], len(numbers), numbers[-1], found[3]

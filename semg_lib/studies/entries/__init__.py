"""How the papers' networks enter what sets all methods side by side: the comparison and streams.

Every module here is named as its paper. It has a ``TITLE``; ``look``, from the paper's settings to
the `Look` of its network; and ``method``, from them to the method, by the recommended recipe.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from semg_lib.learning.methods import Fitted
from semg_lib.learning.settings import change
from semg_lib.papers import PAPERS
from semg_lib.recordings.recording import Recording
from semg_lib.signals.preprocessing import envelope, look_ahead
from semg_lib.signals.protocol import Prepared


@dataclass(frozen=True)
class Look:
    """What a network sees of a decision."""

    window_ms: float
    scaler: str = "training"
    rate_hz: float = 0.0  # of envelopes, if it sees those


@dataclass(frozen=True)
class OneByOne:
    """A method that a function trains: on each side for itself, one after the other."""

    name: str
    train: Callable[..., Fitted]  # from Prepared, ``seed`` and ``device``

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train on each training side."""
        return [self.train(each, seed=seed, device=device) for each in prepared]


_HERE = {each.name for each in pkgutil.iter_modules(__path__)}
ENTRIES = {n: importlib.import_module(f"{__name__}.{n}") for n in PAPERS if n in _HERE}


def settings(
    name: str, database: str, preset: str, step_ms: float, most_epochs: int | None = None
) -> Any:
    """Return a paper's settings, with as many steps of training as on its own, denser windows.

    Parameters
    ----------
    name, database, preset : str
    step_ms : float
        Distance of the training windows that there are, ms.
    most_epochs : int, optional
        Where fewer passes must do.
    """
    own = PAPERS[name].Settings.named(database, preset=preset)
    epochs = own.recipe.epochs
    if hasattr(own, "train_step_ms"):
        epochs = round(epochs * step_ms / own.train_step_ms)
    return change(own, {"epochs": min(epochs, most_epochs or epochs)})


def seen(name: str, whole: Prepared, recording: Recording, own: Any) -> Prepared:
    """Return the same decisions as the paper's network sees them, audited."""
    look, late = ENTRIES[name].look(own), 0
    if 0 < look.rate_hz < recording.rate:
        late = look_ahead(recording, rate=look.rate_hz)
        recording = envelope(recording, rate=look.rate_hz)
    return whole.seen_as(recording, look.window_ms, scaler=look.scaler, delay=late)


def groups(methods: Sequence[str]) -> dict[str, list[str]]:
    """Return methods by the record that they go into: one a paper, one of the classical methods."""
    others = [name for name in methods if name not in ENTRIES]
    alone = {name: [name] for name in methods if name in ENTRIES}
    return alone | ({"classical": others} if others else {})

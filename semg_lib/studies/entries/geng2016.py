"""Geng's network: it is asked about every sample of 200 ms of envelopes, and the majority counts.

It begins from its own initial weights: what other subjects' recordings would bring as a
pre-training, no other method here is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from semg_lib.learning import training
from semg_lib.learning.methods import Fitted, Method
from semg_lib.learning.networks import expect
from semg_lib.papers import geng2016
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows
from semg_lib.studies.entries import Look

TITLE = "Geng's network, voting"


class Voting(nn.Module):
    """A window as a network of single samples sees it: every sample has one vote.

    Input (batch, channel, time), output logits (batch, class): logarithms of the shares of votes.
    A tie goes to what the last sample is named, then to the lowest class, as in `votes.majority`.
    """

    def __init__(self, network: Any, n_samples: int) -> None:
        super().__init__()
        self.network, self.n_channels, self.n_samples = network, network.n_channels, n_samples

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples)
        logits = self.network(x.transpose(1, 2).flatten(0, 1).unsqueeze(2))
        said = nn.functional.one_hot(logits.argmax(1), logits.shape[1]).float()
        votes = said.unflatten(0, (-1, self.n_samples))  # (batch, time, class)
        return (votes.sum(1) + 0.5 * votes[:, -1]).clamp_min(1e-3).log()


@dataclass(frozen=True)
class VotingGeng:
    """geng2016's network, trained on the last sample of every window."""

    settings: geng2016.Settings
    name: str = "geng2016"

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train a network on each training side, one after the other."""
        frames = [
            Prepared(Split(*map(_last, (own.split.train, own.split.test))), own.scaler)
            for own in prepared
        ]
        alone = geng2016.recogniser("alone", self.settings)
        return [
            self._voting(fitted, own.split.train)
            for fitted, own in zip(
                alone.fit(frames, seed=seed, device=device), prepared, strict=True
            )
        ]

    def _voting(self, fitted: Fitted, train: Windows) -> Fitted:
        network, classes = Voting(fitted.network, train.length).eval(), np.unique(train.label)
        precision = self.settings.recipe.precision

        def predict(windows: Windows) -> np.ndarray:
            return training.predict(network, windows, classes, precision=precision)

        return replace(fitted, predict=predict, network=network)


def _last(windows: Windows) -> Windows:
    return Windows(windows.recording, windows.starts + windows.length - 1, 1)


def look(settings: geng2016.Settings) -> Look:
    """Return what the votes are of."""
    return Look(settings.longest_ms, rate_hz=settings.rate_hz)


def method(settings: geng2016.Settings) -> Method:
    """Return the paper's network, trained for one subject alone, voting."""
    return VotingGeng(settings)

"""Geng's network: it is asked about every sample of 200 ms of envelopes, and the majority counts.

It begins from its own initial weights: what other subjects' recordings would bring as a
pre-training, no other method here is given.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
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
from semg_lib.studies.entries import Look, OneByOne

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


def _train(settings: geng2016.Settings, prepared: Prepared, *, seed: int, device: str) -> Fitted:
    """Train the network on the last sample of every window."""
    train = prepared.split.train
    frames = Prepared(Split(_last(train), _last(prepared.split.test)), prepared.scaler)
    [fitted] = geng2016.recogniser("alone", settings).fit([frames], seed=seed, device=device)
    network, classes = Voting(fitted.network, train.length).eval(), np.unique(train.label)

    def predict(windows: Windows) -> np.ndarray:
        return training.predict(network, windows, classes, precision=settings.recipe.precision)

    return replace(fitted, predict=predict, network=network)


def _last(windows: Windows) -> Windows:
    return Windows(windows.recording, windows.starts + windows.length - 1, 1)


def look(settings: geng2016.Settings) -> Look:
    """Return what the votes are of."""
    return Look(settings.longest_ms, rate_hz=settings.rate_hz)


def method(settings: geng2016.Settings) -> Method:
    """Return the paper's network, trained for one subject alone, voting."""
    return OneByOne("geng2016", partial(_train, settings))

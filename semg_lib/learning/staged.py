"""Training in stages: a rate that drops, and weights that come from other subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from torch import Tensor

from semg_lib.learning import training
from semg_lib.learning.methods import Fitted, NetworkMethod, Report
from semg_lib.learning.training import History
from semg_lib.recordings.recording import concatenate
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.windows import Windows


@dataclass(frozen=True)
class StagedMethod(NetworkMethod):
    """A network whose learning rate is divided by ten after some epochs.

    Parameters
    ----------
    drops : sequence of int
        The epochs after which it is.
    begin : mapping, optional
        A ``state_dict`` to begin from, instead of the recipe's initial weights.
    """

    drops: Sequence[int] = ()
    begin: Mapping[str, Tensor] | None = None

    def train(
        self,
        prepared: Prepared,
        *,
        seed: int = 0,
        device: str = "cpu",
        report: Report | None = None,
    ) -> Fitted:
        """Build and train one network, stage by stage; the momentum begins anew in each."""
        train = prepared.split.train
        network, classes = self.build(train, seed=seed), np.unique(train.label)
        if self.begin:
            network.load_state_dict(self.begin)
        training.seed_everything(seed)  # of dropout
        history, recipe = History(), self.recipe
        for stage, (first, last) in enumerate(pairwise((0, *self.drops, recipe.epochs))):
            if last > first:
                rate = recipe.learning_rate / 10**stage
                own = replace(recipe, learning_rate=rate, epochs=last - first)
                told = training.fit(
                    *(network, train, classes, own),
                    seed=seed + stage,
                    device=device,
                    report=report,
                )
                history.loss += told.loss
                history.accuracy += told.accuracy
        return self._fitted(network, classes, history)

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train a network on each training side, one after the other."""
        return [self.train(each, seed=seed, device=device) for each in prepared]


def union(prepared: Sequence[Prepared], every: int = 1) -> Prepared:
    """Return several subjects' training windows as those of one; the test side is the first's.

    Parameters
    ----------
    prepared : sequence of Prepared
        Each scaled as its own subject is.
    every : int
        Take one window in so many.
    """
    parts = [each.split.train for each in prepared]
    ends = np.cumsum([0, *(len(each.recording.emg) for each in parts)])
    everybody = concatenate([replace(each.recording, subject=0) for each in parts])
    starts = [each.starts + end for each, end in zip(parts, ends, strict=False)]
    pooled = Windows(everybody, np.concatenate(starts)[::every], parts[0].length)
    return Prepared(replace(prepared[0].split, train=pooled), prepared[0].scaler)

"""Methods: a network or a classical classifier with all that it takes to train and test it.

`compare` sets methods side by side on the same windows. How a network is trained is in
``training``, which features and classifiers there are in ``signals.features`` and ``baselines``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from torch import nn

from semg_lib.errors import check_name
from semg_lib.learning import baselines, many, training
from semg_lib.learning.outcomes import Outcome
from semg_lib.learning.training import Augmentation, History, Recipe
from semg_lib.recordings.recording import Recording
from semg_lib.signals import features, protocol
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.windows import Windows

Report = Callable[[int, History], None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained method."""

    predict: Callable[[Windows], np.ndarray]  # the label of each window, (window,)
    history: History = field(default_factory=History)
    network: nn.Module | None = None
    stacked: int = 1  # networks that were trained as one


class Method(Protocol):
    """What `compare` asks of a method."""

    @property
    def name(self) -> str:
        """What outcomes and tables call it."""

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train on each training side, independently of the others."""


@dataclass(frozen=True)
class NetworkMethod:
    """A network, trained by a recipe.

    Parameters
    ----------
    name : str
    make : callable
        From channels, samples and classes to an untrained network, which takes windows
        (batch, channel, time) and returns logits (batch, class).
    recipe : Recipe
    augmentation : callable, optional
        From a scaler and ``device=`` to what changes a batch, where the recipe augments.
    """

    name: str
    make: Callable[[int, int, int], nn.Module]
    recipe: Recipe
    augmentation: Callable[..., Augmentation] | None = None

    def build(self, train: Windows, *, seed: int = 0) -> nn.Module:
        """Return an untrained network for these windows.

        Its logits stand for their sorted labels.
        """
        sizes = train.recording.n_channels, train.length, len(np.unique(train.label))
        return training.build(lambda: self.make(*sizes), self.recipe, seed=seed)

    def train(
        self,
        prepared: Prepared,
        *,
        seed: int = 0,
        device: str = "cpu",
        report: Report | None = None,
    ) -> Fitted:
        """Build, initialise and train one network; see `training.fit` for ``report``."""
        train = prepared.split.train
        network, classes = self.build(train, seed=seed), np.unique(train.label)
        history = training.fit(
            network,
            train,
            classes,
            self.recipe,
            seed=seed,
            device=device,
            augmentation=self._augmentation(prepared, device),
            report=report,
        )
        return self._fitted(network, classes, history)

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train a network on each training side; on a GPU all of them at once."""
        if not many.pays(device) or len(prepared) < 2:
            return [self.train(each, seed=seed, device=device) for each in prepared]
        windows = [each.split.train for each in prepared]
        networks = [self.build(train, seed=seed) for train in windows]
        classes = [np.unique(train.label) for train in windows]
        histories = many.fit_many(
            networks,
            windows,
            classes,
            self.recipe,
            seeds=[seed] * len(prepared),
            device=device,
            augmentations=[self._augmentation(each, device) for each in prepared],
        )
        size = {i: len(group) for group in many.alike(networks, windows) for i in group}
        return [
            self._fitted(network, own, history, stacked=size[i])
            for i, (network, own, history) in enumerate(
                zip(networks, classes, histories, strict=True)
            )
        ]

    def _augmentation(self, prepared: Prepared, device: str) -> Augmentation | None:
        return self.augmentation(prepared.scaler, device=device) if self.augmentation else None

    def _fitted(
        self, network: nn.Module, classes: np.ndarray, history: History, stacked: int = 1
    ) -> Fitted:
        def predict(windows: Windows) -> np.ndarray:
            return training.predict(network, windows, classes, precision=self.recipe.precision)

        return Fitted(predict, history, network, stacked)


@dataclass(frozen=True)
class ClassicalMethod:
    """A classifier of features, see `baselines.make` and `features.extract`.

    Parameters
    ----------
    classifier : str
    features : sequence of str
    title : str
        Its name, if it is not the classifier's.
    """

    classifier: str
    features: Sequence[str] = features.ALL
    title: str = ""

    def __post_init__(self) -> None:
        check_name("classifier", self.classifier, baselines.NAMES)

    @property
    def name(self) -> str:
        """What outcomes and tables call it."""
        return self.title or self.classifier

    def train(self, prepared: Prepared, *, seed: int = 0) -> Fitted:
        """Train one classifier on the features of the training side."""
        seen = prepared.features("train", self.features)
        label = prepared.split.train.label
        classifier = baselines.make(self.classifier, seed=seed).fit(seen, label)

        def predict(windows: Windows) -> np.ndarray:
            if windows is prepared.split.test:
                return classifier.predict(prepared.features("test", self.features))
            unseen = features.extract(windows, self.features, scaler=prepared.scaler)
            return classifier.predict(unseen)

        return Fitted(predict)

    def fit(
        self, prepared: Sequence[Prepared], *, seed: int = 0, device: str = "cpu"
    ) -> list[Fitted]:
        """Train a classifier on each training side, on the CPU."""
        return [self.train(each, seed=seed) for each in prepared]


class Prepares(Protocol):
    """What `compare` asks of a protocol."""

    def prepare(self, recording: Recording) -> Prepared:
        """Return windows to train on and to test on."""


def compare(
    methods: Iterable[Method],
    recordings: Sequence[Recording],
    under: Prepares,
    *,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Outcome]:
    """Train and test methods on the same windows of some subjects.

    Parameters
    ----------
    methods : iterable of Method
    recordings : sequence of Recording
        One a subject; each gets a model of its own.
    under : Protocol
        Its first fold is scored, window by window; folds and votes are those of
        ``studies.protocols``.
    seed : int
        Fixes initial weights, the order of windows, noise and the trees of a forest.
    device : str
        Where networks train: on a GPU those of all subjects at once.

    Yields
    ------
    Outcome
        One a method and subject, in the order of ``methods``, then of ``recordings``.
    """
    prepared = [under.prepare(recording) for recording in recordings]
    for method in methods:
        fitted = method.fit(prepared, seed=seed, device=device)
        for own, each in zip(prepared, fitted, strict=True):
            test = own.split.test
            yield Outcome(
                test.recording.subject,
                method.name,
                test.label,
                each.predict(test),
                tuple(each.history.loss),
                each.stacked,
            )


Replicate = Callable[..., Iterator[Outcome]]


def replication(
    known: Mapping[str, Callable[[Any], Method]],
    under: Callable[[Any, str], protocol.Protocol] = lambda settings, _: protocol.Protocol.of(
        settings
    ),
) -> Replicate:
    """Return a paper's comparison of its methods, each made of the run's settings.

    Parameters
    ----------
    known : mapping of str to callable
        The paper's methods by name, each from settings to a `Method`.
    under : callable
        From settings and a method's name to its protocol: one for all, if not given.

    Returns
    -------
    callable
        ``replicate(recordings, settings, *, methods, seed, device)``, which yields what `compare`
        does for the methods named (all if not given) under the settings' protocol. It raises
        ValueError if a method is unknown.
    """

    def replicate(
        recordings: Sequence[Recording],
        settings: Any,
        *,
        methods: Sequence[str] = tuple(known),
        seed: int = 0,
        device: str = "cpu",
    ) -> Iterator[Outcome]:
        for name in methods:
            check_name("method", name, known)
        groups: dict[protocol.Protocol, list[Method]] = {}
        for name in methods:
            groups.setdefault(under(settings, name), []).append(known[name](settings))
        for same, chosen in groups.items():
            yield from compare(chosen, recordings, same, seed=seed, device=device)

    return replicate

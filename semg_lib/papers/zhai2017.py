"""Zhai, Jelfs, Chan and Tin (2017): a CNN on spectrograms that recalibrates itself.

Self-recalibrating surface EMG pattern recognition for neuroprosthesis control based on
convolutional neural network. Frontiers in Neuroscience 11:379, doi:10.3389/fnins.2017.00379.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from semg_lib.errors import check_name
from semg_lib.evaluation.scores import Reported
from semg_lib.learning import recalibration
from semg_lib.learning.decoders import NetworkDecoder, SvmDecoder
from semg_lib.learning.networks import expect
from semg_lib.learning.outcomes import SessionOutcome
from semg_lib.learning.recalibration import CORRECTIONS, Session
from semg_lib.learning.settings import choose, raw_database, setting
from semg_lib.learning.studies import Study, chains
from semg_lib.learning.training import Recipe
from semg_lib.recordings.recording import Recording
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.spectrograms import INTENSITIES, SPIRAL, SpectralComponents

METHODS = ("cnn_none", "cnn_last", "cnn_all", "cnn_oracle", "svm_none", "svm_last", "svm_all")
DATABASES = {"db2": "BCD", "db3": "BC"}
# Li's ten movements by the numbers of the data paper (Atzori et al. 2014, page 10), without rest.
TEN = (5, 11, 12, 13, 14, *(17 + each for each in (2, 4, 15, 16, 17)))
ONLY_TEN, EVERY = {"movements": TEN, "rest": "none"}, {"movements": (), "rest": "trial"}
# All that the paper says of the optimiser is gradient descent; what is added to it is ours.
_OURS = dict.fromkeys(("momentum", "weight_decay", "initial"), "O")
RECIPES = {
    "paper": Recipe(0.5, momentum=0, weight_decay=0, batch_size=100, epochs=20),
    "recommended": Recipe(0.05, batch_size=100, epochs=20, initial="he", marks=_OURS),
}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a run but data and seed; pages are the paper's."""

    window_ms: float = setting(200, "P", "segment length, ms (p. 2)")
    step_ms: float = setting(100, "P", "distance of segments, ms (p. 2)")
    n_fft: int = setting(256, "P", "samples in a frame of the spectrogram (p. 3)")
    overlap: int = setting(184, "P", "samples that neighbouring frames share (p. 3)")
    bins: int = setting(95, "P", "frequencies kept of 129 (p. 3)")
    intensity: str = setting("decibel", "A", "power, magnitude or decibel: not said (p. 3)")
    percentiles: tuple[float, float] = setting((1, 99), "P", "become 0 and 1 (p. 3); of what: A")
    components: int = setting(25, "P", "of a channel (p. 3); fitted to what trains first: A")
    labels: str = setting("restimulus", "A", "labels re-aligned to the EMG")
    movements: tuple[int, ...] = setting((), "P", "all if empty (p. 2); ten: numbers are D")
    rest: str = setting("trial", "P", "a class with as many trials as others (p. 5); which: A")
    train: tuple[int, ...] = setting((1,), "P", "repetitions that train first (p. 4)")
    test: tuple[int, ...] = setting((), "P", "tested in order; if empty the next five (p. 4)")
    shuffled_s: float = setting(0, "P", "trials in recorded order if 0 (p. 9); else see prepare")
    image: str = setting("spiral", "P", "components' order (p. 3); plain, or none: see ZhaiNet")
    width: int = setting(800, "P", "neurons of each layer (p. 5); filters are too: D")
    dropout: float = setting(0.5, "P", "of the neurons of dense layers (p. 4)")
    penalties: tuple[float, ...] = setting((1, 10, 100), "A", "grid of the SVM; searched: P, p. 3")
    gammas: tuple[float, ...] = setting((0.001, 0.01, 0.1), "A", "the same, of its RBF kernel")
    reach: int = setting(10, "P", "segments on either side that correct a label (p. 6)")
    cnn_labels: str = setting("median", "P", "equations 2 and 3 (p. 4)")
    svm_labels: str = setting("mode", "P", "equation 1 (p. 4)")
    recipe: Recipe = field(default_factory=lambda: RECIPES["recommended"])

    @classmethod
    def named(
        cls, database: str, recipe: str = "recommended", preset: str = "full", epochs: int = 0
    ) -> Settings:
        """Return the settings for a database, a recipe and a preset; see `settings.choose`."""
        settings = cls()
        spec = raw_database("zhai2017", database, DATABASES)
        if spec.name == "db3":  # all movements of an amputee are "unrealistic" (page 8)
            settings = replace(settings, **ONLY_TEN)  # type: ignore[arg-type]
        if spec.held:  # rest, if there is any, is a trial like the others
            settings = replace(settings, rest="all")
        return choose(settings, RECIPES, recipe, preset, epochs, quick={"epochs": 5, "width": 200})


def prepare(
    recording: Recording, settings: Settings, *, seed: int = 0, device: str = "cpu"
) -> tuple[Session, list[Session], SpectralComponents]:
    """Return what trains first, later sessions, and what made components of both."""
    windows = Protocol.of(settings).windows(recording)
    features = SpectralComponents.of(settings, device=device)
    which = settings.train, settings.test, settings.shuffled_s
    return recalibration.sessions(windows, features, *which, seed=seed)


class ZhaiNet(nn.Module):
    """The paper's CNN: one convolution, two dense layers with dropout.

    Input (batch, channel, component), output logits (batch, class). Each channel's 25 components
    become an image of 5 x 5, the channels its planes; 4 x 4 kernels make 2 x 2 of it. The image is
    "spiral" as in figure 1B, "plain" (row by row), or "none": a dense layer instead of the
    convolution (figure 3A). Parameters: 3,396,050 (12 channels, 50 classes), 3,262,411 (4 and 11).
    """

    def __init__(
        self,
        n_channels: int,
        n_samples: int,
        n_classes: int,
        *,
        width: int = 800,
        dropout: float = 0.5,
        image: str = "spiral",
    ) -> None:
        super().__init__()
        if n_samples != len(SPIRAL):
            raise ValueError(f"{n_samples} components, expected {len(SPIRAL)} for images of 5 x 5")
        self.n_channels, self.n_samples = n_channels, n_samples
        order = torch.tensor(SPIRAL) - 1 if image == "spiral" else torch.arange(n_samples)
        self.register_buffer("order", order, persistent=False)
        self.first: nn.Module = nn.Conv2d(n_channels, width, 4)
        if image == "none":
            self.first = nn.Sequential(nn.Flatten(), nn.Linear(n_channels * n_samples, width))
        layers: list[nn.Module] = [nn.ReLU(), nn.Flatten()]
        for n_inputs in (width if image == "none" else 4 * width, width):
            layers += [nn.Linear(n_inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        self.dense = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = expect(x, self.n_channels, self.n_samples)
        x = x[:, :, self.order].unflatten(2, (5, 5))  # type: ignore[index]
        return self.classifier(self.dense(self.first(x)))  # (batch, class)


def calibrate(
    kind: str, first: Session, settings: Settings, *, seed: int = 0, device: str = "cpu"
) -> NetworkDecoder | SvmDecoder:
    """Return a decoder, ``"cnn"`` or ``"svm"``, trained on labelled sessions."""
    decoder: NetworkDecoder | SvmDecoder
    if kind == "svm":
        grid, calibrated = (settings.penalties, settings.gammas), settings.svm_labels == "median"
        decoder = SvmDecoder(*grid, calibrated=calibrated)
    else:
        names = ("width", "dropout", "image")
        make = partial(ZhaiNet, **{name: getattr(settings, name) for name in names})
        decoder = NetworkDecoder(make, settings.recipe, seed=seed, device=device)
    decoder.fit(first)
    return decoder


def replicate(
    recordings: Sequence[Recording],
    settings: Settings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[SessionOutcome]:
    """Run the paper's comparison, subject by subject, over the later repetitions."""
    for method in methods:
        check_name("method", method, METHODS)
    for recording in recordings:
        first, later, _ = prepare(recording, settings, seed=seed, device=device)
        decoders: dict[str, NetworkDecoder | SvmDecoder] = {}
        for method in methods:
            kind, _, scenario = method.partition("_")
            if kind not in decoders:
                decoders[kind] = calibrate(kind, first, settings, seed=seed, device=device)
            correct = CORRECTIONS[getattr(settings, f"{kind}_labels")]
            correct = partial(correct, reach=settings.reach)  # type: ignore[call-arg]
            said = recalibration.follow(decoders[kind], first, later, scenario, correct)
            yield replace(said, subject=recording.subject, method=method)


_FROZEN, _LAST = ("cnn_none", "svm_none"), ("cnn_none", "cnn_last", "svm_none", "svm_last")
_BASELINE = {"train": (1, 3, 4, 6), "test": (2, 5)}  # page 5, as in the data paper
_STRUCTURES: dict[str, dict[str, Any]] = {  # type: ignore[assignment]
    "complete": {}, "no convolution": {"image": "none"}, "no dropout": {"dropout": 0.0},
    "neither": {"image": "none", "dropout": 0.0}, "plain order": {"image": "plain"},
} | {f"{n} neurons": {"width": n} for n in (100, 200, 400, 1200)}  # fmt: skip
REACHES = (0, 2, 5, 10, 15, 20, 30)  # of figure 4
_LABELS = {name: {"cnn_labels": name, "svm_labels": name} for name in ("median", "mode")}
STARTS, FROM = (1, 3, 5), (1, 6, 11, 16)  # so many sessions train first, from these on
_CHAINS = chains(STARTS, FROM, 5)
STUDIES = {
    "baseline": Study(_FROZEN, {"all": _BASELINE | EVERY, "ten": _BASELINE | ONLY_TEN}),
    "ten": Study(METHODS, {"ten": ONLY_TEN}),
    "structure": Study(_FROZEN[:1], {key: _BASELINE | own for key, own in _STRUCTURES.items()}),
    "labels": Study(_LAST, _LABELS),
    "intensity": Study(_LAST, {name: {"intensity": name} for name in INTENSITIES}),
    "reach": Study(
        _FROZEN,
        {f"{k} {n}": v | {"reach": n, "test": (2,)} for k, v in _LABELS.items() for n in REACHES},
    ),
    "starts": Study(METHODS, _CHAINS),
    "long": Study(METHODS, {"24 sessions": {"test": tuple(range(2, 26))}}),
    "shuffled": Study(METHODS, {key: own | {"shuffled_s": 2} for key, own in _CHAINS.items()}),
}


def claims(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the paper claims to be positive, from accuracies (subject, method)."""
    kinds = ("cnn", "svm")
    short = {kind: accuracy[f"{kind}_all"] - accuracy[f"{kind}_last"] for kind in kinds}
    gain = {kind: accuracy[f"{kind}_last"] - accuracy[f"{kind}_none"] for kind in kinds}
    return {
        "Last-Only recalibration raises the CNN's accuracy": gain["cnn"],
        "the CNN gains more from it than the SVM": gain["cnn"] - gain["svm"],
        "the recalibrated CNN is above the SVM": accuracy["cnn_last"] - accuracy["svm_last"],
        "Last-Only comes closer to All-Session for the CNN": short["svm"] - short["cnn"],
    }


# Points that Last-Only gains over no recalibration in sessions II to V (table 2).
GAINS = {
    ("db2", "cnn"): (6.41, 9.95, 11.47, 12.88), ("db2", "svm"): (2.94, 4.68, 4.58, 4.59),
    ("db2, ten", "cnn"): (3.33, 6.80, 7.84, 9.92), ("db2, ten", "svm"): (2.11, 3.56, 3.58, 3.45),
    ("db3", "cnn"): (2.37, 3.52, 3.31, 2.76), ("db3", "svm"): (1.33, -1.13, -3.29, -2.86),
}  # fmt: skip
REPORTED = tuple(
    Reported(data, method, mean, None, "P", f"baseline, {note}")
    for data, cnn, svm, note in (
        ("db2", 78.71, 77.44, "50 classes"), ("db2", 82.22, 81.07, "exercise B of these"),
        ("db2", 72.62, 71.08, "exercise C of these"), ("db2", 89.54, 88.56, "D of these"),
        ("db2", 88.42, 87.86, "ten movements"), ("db3", 73.31, 72.01, "ten, 10 amputees"),
    )
    for method, mean in (("cnn_none", cnn), ("svm_none", svm))
)  # fmt: skip

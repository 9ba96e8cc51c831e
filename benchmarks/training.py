"""Training against the loop that a user of PyTorch would write.

``python benchmarks/training.py`` trains atzori2016's network on DB1, exercise A, for four subjects
(real ones if ``SEMG_DATA`` names NinaPro's files, else simulated) and two seeds, with the recipe
the library recommends:

- the plain loop, with everything in this file: a Dataset that slices windows out of the signal,
  a DataLoader, the network in PyTorch's defaults, ``loss.item()`` every step;
- the plain loop where the C library keeps freed memory instead of handing it back to the kernel
  after each step; 5 epochs of four networks, for speed alone;
- `training.fit`, one network after the other on all cores, in float32 and in what ``auto`` picks;
  5 epochs of four networks, for speed alone;
- the same, as many networks at once as there are cores, one thread each, as ``semg sweep`` does.

Each way runs in processes of its own: what one has allocated would otherwise speed up the next.

It writes a table into ``benchmarks/training.json`` and prints the file: windows a second, test
accuracy, and what a large matrix product reaches, the most to be had. What the file holds of
the other kind of processor, with or without bfloat16 instructions, stays.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from measuring import CORES, machine, megabytes, store
from torch import nn
from torch.utils.data import DataLoader, Dataset

from semg_lib.learning import inspection, precision, training
from semg_lib.learning.settings import change
from semg_lib.learning.training import Recipe
from semg_lib.papers import atzori2016
from semg_lib.publishing import speed
from semg_lib.recordings.source import Source
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows

SUBJECTS, SEEDS = (1, 2, 4, 7), (0, 1)
KEPT = {"MALLOC_TRIM_THRESHOLD_": "2000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"}


class PlainWindows(Dataset):
    """What a tutorial writes."""

    def __init__(self, windows: Windows, classes: np.ndarray) -> None:
        self.signal = torch.as_tensor(windows.recording.emg)
        self.starts, self.length = windows.starts.tolist(), windows.length
        self.target = torch.as_tensor(np.searchsorted(classes, windows.label))

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        start = self.starts[i]
        return self.signal[start : start + self.length].unsqueeze(0), self.target[i]


def plain_network(n_classes: int) -> nn.Sequential:
    """Return the paper's network for 10 electrodes, input (batch, 1, 15, 10), written out."""
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, (1, 10), padding=(0, 4)), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(3)),
        *(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3)),
        *(nn.Conv2d(64, 64, (5, 1), padding=(2, 0)), nn.ReLU()),
        *(nn.Conv2d(64, n_classes, 1), nn.Flatten()),
    )
    for layer in network:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return network


def plain_loop(
    network: nn.Module, data: Sequence | Dataset, recipe: Recipe, device: str = "cpu"
) -> None:
    """Train as a tutorial does."""
    network.to(device).train()
    optimiser = torch.optim.SGD(
        network.parameters(),
        recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs)
    loader = DataLoader(data, recipe.batch_size, shuffle=True)
    for _ in range(recipe.epochs):
        total = right = 0.0
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            optimiser.zero_grad()
            logits = network(x)
            loss = nn.functional.cross_entropy(logits, y)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(y)
            right += (logits.argmax(1) == y).sum().item()
        scheduler.step()


def plain(split: Split, settings: atzori2016.Settings, seed: int) -> tuple[float, float]:
    """Train with the plain loop; return seconds and test accuracy."""
    torch.manual_seed(seed)
    recipe, classes = settings.recipe, np.unique(split.train.label)
    network = plain_network(len(classes))
    began = time.perf_counter()
    plain_loop(network, PlainWindows(split.train, classes), recipe)
    seconds = time.perf_counter() - began
    network.eval()
    with torch.no_grad():
        test = DataLoader(PlainWindows(split.test, classes), 4096)
        said = torch.cat([network(x).argmax(1) for x, _ in test]).numpy()
    return seconds, float((classes[said] == split.test.label).mean())


def ours(split: Split, settings: atzori2016.Settings, seed: int) -> tuple[float, float]:
    """Train as the replication does; return seconds and test accuracy."""
    classes = np.unique(split.train.label)
    training.seed_everything(seed)
    network = atzori2016.AtzoriNet(10, split.train.length, len(classes))
    training.initialise(network, settings.recipe.initial)
    began = time.perf_counter()
    training.fit(network, split.train, classes, settings.recipe, seed=seed)
    seconds = time.perf_counter() - began
    said = training.predict(network, split.test, classes, precision=settings.recipe.precision)
    return seconds, float((said == split.test.label).mean())


def alone(job: tuple[Split, atzori2016.Settings, int]) -> tuple[float, float]:
    torch.set_num_threads(1)
    return ours(*job)


def one_by_one(train, jobs: list) -> tuple[float, list[float]]:
    """Return the seconds of all jobs together and the accuracy of each."""
    found = [train(*job) for job in jobs]
    return sum(seconds for seconds, _ in found), [accuracy for _, accuracy in found]


def fresh(function, *arguments, **environment: str):
    """Call a function in a new process, with these environment variables, and return its result."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return pool.submit(function, *arguments).result()
    finally:
        os.environ.clear()
        os.environ.update(before)


def at_once(jobs: list) -> tuple[float, list[float]]:
    """Train as many networks at once as there are cores; starting processes does not count."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=spawn) as pool:
        short = [(split, atzori2016.Settings.named("db1", epochs=1), 0) for split, *_ in jobs]
        list(pool.map(alone, short[:CORES]))
        began = time.perf_counter()
        found = list(pool.map(alone, jobs))
        return time.perf_counter() - began, [accuracy for _, accuracy in found]


def peak_operations(dtype: torch.dtype) -> float:
    """Return the most operations a second that a matrix product here reaches."""
    a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
    best = math.inf
    for _ in range(10):
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return 2 * 2048**3 / best


def operations(network: atzori2016.AtzoriNet) -> int:
    """Return what one window costs in training: a multiplication and an addition count as two.

    Backward costs twice the forward pass, less the gradient of the input, which nobody needs.
    """
    first, *others = inspection.costs(network, network.n_channels, network.n_samples)
    return 2 * (3 * sum(others) + 2 * first)


def main() -> None:
    """Train in each way and compare."""
    root = os.environ.get("SEMG_DATA", "")
    source = Source("db1", "A", root)
    settings, kind = atzori2016.Settings.named("db1"), precision.pick("auto", "cpu")
    protocol = Protocol.of(settings)
    splits = [protocol.prepare(source.load(subject)).split for subject in SUBJECTS]
    jobs = [(split, settings, seed) for split in splits for seed in SEEDS]
    windows = settings.recipe.epochs * sum(len(split.train) for split, *_ in jobs)
    rates = {}
    few = [(split, change(settings, {"epochs": 5}), seed) for split, _, seed in jobs[:4]]
    single = [(split, change(short, {"precision": "float32"}), seed) for split, short, seed in few]
    alike = {  # for speed alone
        "plain loop, memory kept": (plain, few, KEPT),
        "training.fit, float32": (ours, single, {}),
        f"training.fit, {kind}": (ours, few, {}),
    }
    for name, (train, short, environment) in alike.items():
        print(f"{name}: {len(short)} networks, 5 epochs", flush=True)
        seconds, _ = fresh(one_by_one, train, short, **environment)
        rates[name] = 5 * sum(len(split.train) for split, *_ in short) / seconds
    accuracy = {}
    ways = {
        "plain loop": lambda: fresh(one_by_one, plain, jobs),
        f"training.fit, {CORES} at once": lambda: at_once(jobs),
    }
    for name, way in ways.items():
        print(f"{name}: {len(jobs)} networks", flush=True)
        seconds, found = way()
        rates[name] = windows / seconds
        accuracy[name] = 100 * np.array(found)
    each = operations(atzori2016.AtzoriNet(10, 15, 13))
    ceiling = peak_operations(getattr(torch, kind))
    table = {
        "what": f"atzori2016's network, DB1 exercise A, {len(SUBJECTS)} "
        f"{'real' if root else 'simulated'} subjects x {len(SEEDS)} seeds, "
        f"{settings.recipe.epochs} epochs",
        "machine": machine(),
        "thousand windows a second": {k: round(v / 1000, 1) for k, v in rates.items()},
        "times the plain loop": {
            name: round(rate / rates["plain loop"], 2) for name, rate in rates.items()
        },
        "test accuracy, %": {name: round(each.mean(), 2) for name, each in accuracy.items()},
        "largest difference of a subject's mean from the plain loop, points": round(
            max(
                float(np.abs((each - accuracy["plain loop"]).reshape(-1, len(SEEDS)).mean(1)).max())
                for each in accuracy.values()
            ),
            2,
        ),
        "million operations a window": round(each / 1e6, 2),
        "billion operations a second of a matrix product": round(ceiling / 1e9),
        "megabytes at the peak": round(megabytes()),
    }
    measured = speed.load("training") | {kind: table}
    store(dict(sorted(measured.items())), Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    main()

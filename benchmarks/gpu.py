"""What a CUDA GPU makes of the three papers' networks; one command on a machine that has one.

``python benchmarks/gpu.py`` runs the tests that need a GPU (``pytest -m gpu``) and writes
``benchmarks/gpu.json``: what they said, and windows a second of the plain loop
(Dataset, DataLoader, ``.to(device)``), of `training.fit` one network after the other, and of
`many.fit_many`; how long the whole of DB1 takes (27 simulated subjects at full size: 52 movements,
10 repetitions); where the time of a step goes, kernel by kernel; and which share of the card's
arithmetic and memory ceilings, measured in the same run, is reached.

``--device cpu --subjects 2 --epochs 1 --exercises A`` runs the same on a small scale anywhere.
``--minutes 12`` begins no part after twelve minutes, each of which is stored as it ends.
zhai2017 trains on features and anew after every session, one subject at a time: it has no stack.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import store
from torch import nn
from torch.profiler import ProfilerActivity, profile
from training import PlainWindows, operations, plain_loop

from semg_lib.evaluation import provenance
from semg_lib.learning import many, training
from semg_lib.learning.methods import NetworkMethod
from semg_lib.learning.settings import change
from semg_lib.papers import atzori2016, ding2018, zhai2017
from semg_lib.recordings import simulator
from semg_lib.recordings.recording import Recording
from semg_lib.signals.protocol import Prepared, Protocol

ROOT = Path(__file__).parent.parent


def simulate(job: tuple[str, int, str]) -> Recording:
    return simulator.simulate(*job)


def clock(do: Callable[[], object], device: str) -> float:
    """Return the seconds until the device has done all of it."""
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    do()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


class Unwrapped(nn.Module):
    """A network for the plain loop's batches (batch, 1, time, channel)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x.squeeze(1).transpose(1, 2))


def compare(
    name: str, method: NetworkMethod, prepared: Sequence[Prepared], settings, device: str
) -> dict[str, object]:
    """Measure one paper's network on windows: windows a second of each way."""
    splits = [each.split for each in prepared]
    recipe = settings.recipe
    short = change(settings, {"epochs": min(2, recipe.epochs)}).recipe
    classes = [np.unique(split.train.label) for split in splits]
    sizes = [len(split.train) for split in splits]
    one = splits[0].train

    def fit(i: int, chosen) -> None:
        network = method.build(splits[i].train)
        training.fit(network, splits[i].train, classes[i], chosen, device=device)

    def stack(chosen) -> None:
        many.fit_many(
            [method.build(split.train) for split in splits],
            [split.train for split in splits],
            classes,
            chosen,
            seeds=range(len(splits)),
            device=device,
        )

    fit(0, short), stack(change(settings, {"epochs": 1}).recipe)  # the first run warms up
    data = PlainWindows(one, classes[0])
    network = Unwrapped(method.build(one)).to(device)
    seconds = {
        "plain loop": clock(lambda: plain_loop(network, data, short, device), device),
        "training.fit": clock(lambda: fit(0, short), device),
        "many.fit_many": clock(lambda: stack(recipe), device),
    }
    windows = {
        "plain loop": short.epochs * sizes[0],
        "training.fit": short.epochs * sizes[0],
        "many.fit_many": recipe.epochs * sum(sizes),
    }
    rate = {way: windows[way] / seconds[way] for way in seconds}
    print(name, {way: round(each) for way, each in rate.items()}, flush=True)
    return {
        "networks": len(splits),
        "epochs": recipe.epochs,
        "windows of all": sum(sizes),
        "windows a second": {way: round(each) for way, each in rate.items()},
        "times the plain loop": {k: round(v / rate["plain loop"], 1) for k, v in rate.items()},
        "seconds of fit_many, all epochs": round(seconds["many.fit_many"], 1),
    }


def sessions(device: str, subject: Recording, settings) -> dict[str, object]:
    """Measure zhai2017's network on the features of its first session."""
    first = zhai2017.prepare(subject, settings, device=device)[0]
    classes = np.unique(first.label)
    data = list(zip(first.x.cpu(), training.encode(first.label, classes), strict=True))

    def network() -> nn.Module:
        return zhai2017.ZhaiNet(*first.x.shape[1:], len(classes))

    def fit() -> None:
        training.fit(network(), first, classes, settings.recipe, device=device)

    fit()
    seconds = {
        "plain loop": clock(lambda: plain_loop(network(), data, settings.recipe, device), device),
        "training.fit": clock(fit, device),
    }
    windows = settings.recipe.epochs * len(first)
    rate = {way: windows / each for way, each in seconds.items()}
    return {
        "windows": len(first),
        "windows a second": {way: round(each) for way, each in rate.items()},
        "times the plain loop": {k: round(v / rate["plain loop"], 1) for k, v in rate.items()},
    }


def kernels(do: Callable[[], object], device: str, n: int = 12) -> dict[str, float]:
    """Return the kernels that take longest, and their share of the device's time in per cent."""
    activity = ProfilerActivity.CUDA if device == "cuda" else ProfilerActivity.CPU
    with profile(activities=[activity]) as found:
        do()
    own = "self_device_time_total" if device == "cuda" else "self_cpu_time_total"
    times = {each.key: getattr(each, own) for each in found.key_averages()}
    largest = sorted(times, key=times.get, reverse=True)[:n]
    return {key[:60]: round(100 * times[key] / sum(times.values()), 1) for key in largest}


def ceilings(device: str) -> dict[str, float]:
    """Return operations and bytes a second of a large matrix product and a large copy."""
    n = 8192 if device == "cuda" else 1024
    found = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
        clock(lambda a=a, b=b: a @ b, device)
        found[f"{name} operations"] = (
            2 * n**3 / min(clock(lambda a=a, b=b: a @ b, device) for _ in range(5))
        )
    x, y = (torch.empty(n, n, device=device) for _ in range(2))
    found["bytes"] = 2 * x.nbytes / min(clock(lambda: y.copy_(x), device) for _ in range(5))
    return found


def traffic(network: atzori2016.AtzoriNet) -> int:
    """Return the bytes of activations that one window's training must move at least.

    Every layer's output is written and read once forward, read once backward, and its gradient is
    written and read, two bytes a value.
    """
    values: list[int] = []
    hooks = [
        layer.register_forward_hook(lambda _, __, out: values.append(out[0].numel()))
        for layer in network.modules()
        if not list(layer.children())
    ]
    network(torch.zeros(1, network.n_channels, network.n_samples))
    for hook in hooks:
        hook.remove()
    return 5 * 2 * sum(values)


def main() -> None:
    """Measure everything; see the module's first lines."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--subjects", type=int, default=27)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--exercises", default="ABC", help="of DB1")
    parser.add_argument("--minutes", type=float, default=60, help="after which no part begins")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = parser.parse_args()
    device = training.pick_device(chosen.device)
    began = time.perf_counter()
    table: dict[str, Any] = {
        "device": provenance.device_name(device),
        "versions": f"PyTorch {torch.__version__}",
        "data": "simulated",
    }

    def keep(name: str, found: object) -> None:
        """Store every part as it comes: a run that is cut loses the rest only."""
        table[name] = found
        table["seconds in all"] = round(time.perf_counter() - began)
        store(table, chosen.out)

    db1 = [("db1", s, chosen.exercises) for s in range(1, chosen.subjects + 1)]
    db2 = [("db2", s, "B") for s in range(1, min(chosen.subjects, 10) + 1)]
    with ProcessPoolExecutor() as pool:
        recordings = list(pool.map(simulate, db1)), list(pool.map(simulate, db2))
    limit = ceilings(device)
    keep("operations and bytes a second", {k: f"{v:.3g}" for k, v in limit.items()})
    settings = change(atzori2016.Settings.named("db1"), {"epochs": chosen.epochs})
    cnn = atzori2016.METHODS["cnn"](settings)
    prepared = [Protocol.of(settings).prepare(each) for each in recordings[0]]
    splits = [each.split for each in prepared]

    def atzori() -> dict:
        return compare("atzori2016", cnn, prepared, settings, device)

    def ding() -> dict:
        own = {"step_ms": 100, "train_step_ms": 100, "epochs": min(12, chosen.epochs)}
        cut = change(ding2018.Settings.named("db2"), own)
        raw = [Protocol.of(cut).prepare(each) for each in recordings[1]]
        return compare("ding2018", ding2018.METHODS["C-B1PB2"](cut), raw, cut, device)

    def compiled() -> dict:
        """Return how many times as fast compiled steps are, without what compiling takes."""
        some = [split.train for split in splits]
        labels = [np.unique(each.label) for each in some]

        def train(epochs: int, compile_it: bool) -> None:
            networks, recipe = [cnn.build(each) for each in some], settings.recipe
            how: dict[str, Any] = {"seeds": range(len(some)), "device": device}
            short = replace(recipe, epochs=epochs)
            many.fit_many(networks, some, labels, short, compiled=compile_it, **how)

        def two(on: bool) -> float:
            return clock(lambda: train(3, on), device) - clock(lambda: train(1, on), device)

        return {"times as fast": round(two(False) / two(True), 2)}

    def share() -> dict:
        network = atzori2016.AtzoriNet(10, 15, len(np.unique(splits[0].train.label)))
        rate = table["atzori2016"]["windows a second"]["many.fit_many"]
        done = rate * operations(network) / limit["bfloat16 operations"]
        moved = rate * traffic(network) / limit["bytes"]
        return {
            "of a matrix product in bfloat16": round(done, 4),
            "of a copy's bytes": round(moved, 4),
        }

    def steps() -> dict:
        some = [split.train for split in (splits[:3] if device == "cpu" else splits)]
        once = change(settings, {"epochs": 1}).recipe
        how = {"seeds": range(len(some)), "device": device}
        labels = [np.unique(each.label) for each in some]
        return kernels(
            lambda: many.fit_many([cnn.build(each) for each in some], some, labels, once, **how),
            device,
        )

    def zhai() -> dict:
        own = change(zhai2017.Settings.named("db2"), {"epochs": chosen.epochs})
        return sessions(device, recordings[1][0], own)

    def tests() -> str:
        command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "-n", "0", "tests"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        print(done.stdout[-3000:])
        return done.stdout.strip().splitlines()[-1]

    # The most telling first: what a cut run has not begun is named.
    parts: dict[str, Callable[[], object]] = {} if device == "cpu" else {"pytest -m gpu": tests}
    parts |= {
        "atzori2016": atzori,
        "ding2018": ding,
        "atzori2016's fit_many, share of the card": share,
        "kernels of atzori2016's fit_many, % of the time": steps,
        "zhai2017": zhai,
        "atzori2016's fit_many, compiled": compiled,
    }
    for name, measure in parts.items():
        if time.perf_counter() - began > 60 * chosen.minutes:
            left = [each for each in parts if each not in table]
            print(f"{chosen.minutes:g} minutes are over; not measured: {'; '.join(left)}")
            break
        keep(name, measure())


if __name__ == "__main__":
    main()

"""Ways to train many of ding2018's networks on one GPU; ``python benchmarks/gpu_ways.py``.

C-B1PB2 on windows of the armband set (simulated unless ``--root`` names its folder), a network a
subject, batches of the recipe: one network alone; nine stacked by `many.fit_many`; ten processes
that share the GPU; and the plain step captured as a CUDA graph, once and for nine networks on
streams. It writes ``benchmarks/gpu_ways.json``: windows a second, all networks together.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from measuring import store
from torch import nn

from semg_lib.evaluation import provenance
from semg_lib.learning import many, training
from semg_lib.papers import ding2018
from semg_lib.papers.ding2018 import DingNet, Settings
from semg_lib.recordings.source import Source
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.windows import Windows

SUBJECTS = (2, 6, 7, 8, 9, 10, 11, 12, 13)
BATCH = 64


def windows(subject: int, chosen: Settings, root: str) -> Windows:
    return Protocol.of(chosen).prepare(Source("3dc", "A", root).load(subject)).split.train


def some(train: Windows, n_steps: int) -> Windows:
    return train[np.linspace(0, len(train) - 1, BATCH * n_steps).astype(int)]


def alone(subject: int, chosen: Settings, root: str, seconds: float = 2.0) -> float:
    """Return the rate of `training.fit` in this process, for about so many seconds."""
    torch.set_num_threads(1)
    train, method = windows(subject, chosen, root), ding2018.METHODS["C-B1PB2"](chosen)

    def fit(n_steps: int) -> float:
        part = some(train, n_steps)
        network, classes = method.build(part), np.unique(part.label)
        began = time.perf_counter()
        training.fit(network, part, classes, replace(chosen.recipe, epochs=1), device="cuda")
        torch.cuda.synchronize()
        return BATCH * n_steps / (time.perf_counter() - began)

    fit(4)
    return fit(max(20, int(seconds * fit(20) / BATCH)))


def stacked(chosen: Settings, root: str) -> float:
    method, rate = ding2018.METHODS["C-B1PB2"](chosen), 0.0
    trains = [windows(subject, chosen, root) for subject in SUBJECTS]
    for n_steps in (3, 12):  # the first warms up
        parts = [some(train, n_steps) for train in trains]
        networks = [method.build(part) for part in parts]
        classes = [np.unique(part.label) for part in parts]
        torch.cuda.synchronize()
        began = time.perf_counter()
        once, seeds = replace(chosen.recipe, epochs=1), [0] * len(parts)
        many.fit_many(networks, parts, classes, once, seeds=seeds, device="cuda")
        torch.cuda.synchronize()
        rate = len(parts) * BATCH * n_steps / (time.perf_counter() - began)
    return rate


def captured(n_networks: int, repeats: int = 30) -> float:
    """Return the rate of one step of some networks, each on a stream, as one CUDA graph."""
    torch.backends.cudnn.benchmark = True
    networks = [
        DingNet(10, 100, 11, "C-B1PB2").cuda().to(memory_format=torch.channels_last)
        for _ in range(n_networks)
    ]
    optimisers = [
        torch.optim.SGD(each.parameters(), lr=0.01, momentum=0.9, foreach=True) for each in networks
    ]
    x = torch.randn(BATCH, 10, 100, device="cuda")
    y = torch.randint(0, 11, (BATCH,), device="cuda")
    streams = [torch.cuda.Stream() for _ in networks]

    def step() -> None:
        here = torch.cuda.current_stream()
        for network, optimiser, stream in zip(networks, optimisers, streams, strict=True):
            stream.wait_stream(here)
            with torch.cuda.stream(stream):
                with torch.autocast("cuda", torch.bfloat16, cache_enabled=False):
                    logits = network(x)
                optimiser.zero_grad(set_to_none=False)
                nn.functional.cross_entropy(logits.float(), y).backward()
                optimiser.step()
            here.wait_stream(stream)

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(4):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    graph.replay()
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(repeats):
        graph.replay()
    torch.cuda.synchronize()
    return n_networks * BATCH * repeats / (time.perf_counter() - began)


def main() -> None:
    """Measure every way; see the module's first lines."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--root", default="", help="folder with the armband set")
    parser.add_argument("--processes", type=int, default=10)
    given = parser.parse_args()
    training.pick_device("cuda")  # or says that there is none
    chosen = Settings.named("3dc")
    rates = {"one network": alone(SUBJECTS[0], chosen, given.root)}
    rates[f"{len(SUBJECTS)} networks, stacked"] = stacked(chosen, given.root)
    spawn = get_context("spawn")
    with ProcessPoolExecutor(given.processes, mp_context=spawn) as pool:
        chosen_by = partial(alone, chosen=chosen, root=given.root)
        each = pool.map(chosen_by, [SUBJECTS[i % 9] for i in range(given.processes)])
        rates[f"{given.processes} networks, a process each"] = sum(each)
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:  # a failed capture leaves it unusable
        for n in (1, 9):
            name = "one network" if n == 1 else f"{n} networks on streams"
            rates[f"{name}, CUDA graph of the step"] = pool.submit(captured, n).result()
    table = {
        "what": "C-B1PB2 of ding2018, windows of 10 x 100, batches of 64",
        "device": provenance.device_name("cuda"),
        "versions": f"PyTorch {torch.__version__}",
        "windows a second": {name: round(rate) for name, rate in rates.items()},
    }
    store(table, Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    main()

"""Spectrograms and components of five minutes of signal, against a loop over SciPy's.

``python benchmarks/spectrogram.py`` measures both in processes of their own, prints a table and
writes ``benchmarks/spectrogram.json``. Ratios can be compared between machines, seconds cannot.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import scipy.signal
import torch
from measuring import machine, megabytes, noise, one_movement, store
from sklearn.decomposition import PCA

from semg_lib.papers import zhai2017
from semg_lib.signals.spectrograms import SpectralComponents
from semg_lib.signals.windows import Windows, cut

MINUTES, RATE, CHANNELS = 5, 2000, 12
CORES = min(2, os.cpu_count() or 1)
REPEATS = 3


def signal() -> Windows:
    """Return the windows of white noise with the shape of a DB2 recording."""
    recording = one_movement(noise(MINUTES, RATE, CHANNELS), RATE)
    return cut(recording, length_ms=200, step_ms=100)


def library(windows: Windows) -> np.ndarray:
    """Compute what a classifier sees as `zhai2017.prepare` does."""
    settings = zhai2017.Settings.named("db2")
    return SpectralComponents.of(settings).fit(windows).apply(windows).numpy()


def loop(windows: Windows) -> np.ndarray:
    """Compute the same, one window after the other, by SciPy and scikit-learn."""
    images = []
    for start in windows.starts:
        x = windows.recording.emg[start : start + windows.length].T
        _, _, power = scipy.signal.spectrogram(x, RATE, "hamming", nperseg=256, noverlap=184)
        images.append(10 * np.log10(power[:, :95]).reshape(CHANNELS, -1))
    x = np.stack(images)
    low, high = np.percentile(x, [1, 99], axis=(0, 2))
    x = np.clip((x - low[:, None]) / (high - low)[:, None], 0, 1)
    return np.stack([PCA(25).fit_transform(x[:, c]) for c in range(CHANNELS)], axis=1)


WAYS = {"semg_lib": library, "loop over SciPy": loop}


def measure(name: str) -> None:
    """Print seconds (the best of some runs) and the memory that the first run added, MB."""
    torch.set_num_threads(CORES)
    windows = signal()
    before = megabytes()
    seconds = []
    for repeat in range(REPEATS):
        began = time.perf_counter()
        result = WAYS[name](windows)
        seconds.append(time.perf_counter() - began)
        if not repeat:
            added = megabytes() - before
    # Signs of components are free, so their sizes are what both ways must agree on.
    check = float(np.abs(result).mean())
    print(json.dumps({"seconds": min(seconds), "megabytes": added, "check": check}))


def main() -> None:
    """Measure every way and show their ratios."""
    found = {}
    for name in WAYS:
        environment = os.environ | {"OMP_NUM_THREADS": str(CORES)}
        command = [sys.executable, __file__, name]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found[name] = json.loads(done.stdout)
    mine, peer = found["semg_lib"], found["loop over SciPy"]
    if abs(mine["check"] / peer["check"] - 1) > 1e-3:
        raise SystemExit(f"the two ways disagree: {mine['check']} and {peer['check']}")
    table = {
        "what": f"spectrogram and components, {MINUTES} min of {CHANNELS} channels at {RATE} Hz",
        "machine": machine(CORES),
        "seconds": {name: round(each["seconds"], 3) for name, each in found.items()},
        "megabytes added": {name: round(each["megabytes"]) for name, each in found.items()},
        "times faster than the loop": round(peer["seconds"] / mine["seconds"], 1),
    }
    store(table, Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else main()

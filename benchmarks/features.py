"""Features of overlapping windows against LibEMG's, in an environment of LibEMG's own.

``python benchmarks/features.py`` makes that environment below ``_build`` if there is none, computes
the same features of the same simulated signal in both, each in a process of its own, compares the
values, prints a table and writes ``benchmarks/features.json``. LibEMG is timed on windows that are
cut already; here cutting is part of the time. Peak memory is that of the whole process, less what
it held before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import machine, megabytes, noise, one_movement, store

ROOT = Path(__file__).parent.parent
PEER = ROOT / "_build" / "libemg"
VERSION = "2.0.3"
NAMES = ("rms", "mav", "wl", "zc", "ssc")
RATE, LENGTH, STEP, CHANNELS = 2000, 300, 20, 12  # windows of 150 ms every 10 ms
REPEATS = 5


def best_of(do) -> float:
    """Return the shortest time of some runs, which other processes disturbed least."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    return min(times)


def here(signal: Path, values: Path) -> dict[str, float]:
    """Measure semg_lib, in this process."""
    from semg_lib.signals import features
    from semg_lib.signals.windows import cut

    emg = np.load(signal)
    recording = one_movement(emg, RATE)
    held = megabytes()
    ms = {"length_ms": 1000 * LENGTH / RATE, "step_ms": 1000 * STEP / RATE}
    windows = cut(recording, **ms)
    found = {name: features.extract(windows, [name]) for name in NAMES}
    result = {"megabytes": megabytes() - held, "windows": len(windows)}
    result["cut"] = best_of(lambda: cut(recording, **ms))
    for name in NAMES:
        result[name] = best_of(lambda name=name: features.extract(windows, [name]))
    np.savez(values, **found)
    return result


def there(signal: Path, values: Path) -> dict[str, float]:
    """Measure LibEMG, in a process of its own environment."""
    from libemg.feature_extractor import FeatureExtractor
    from libemg.utils import get_windows

    emg = np.load(signal)
    held = megabytes()
    windows = get_windows(emg, LENGTH, STEP)
    extractor = FeatureExtractor()
    of = {name: getattr(extractor, f"get{name.upper()}feat") for name in NAMES}
    found = {name: of[name](windows) for name in NAMES}
    result = {"megabytes": megabytes() - held, "windows": len(windows)}
    result["cut"] = best_of(lambda: get_windows(emg, LENGTH, STEP))
    for name in NAMES:
        result[name] = best_of(lambda name=name: of[name](windows))
    np.savez(values, **found)
    return result


def process(python: Path | str, side: str, signal: Path, values: Path) -> dict[str, float]:
    """Measure one side in a process of its own."""
    command = [str(python), __file__, side, str(signal), str(values)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""}
    )
    return json.loads(done.stdout.splitlines()[-1])


def peer() -> Path:
    """Return the Python that has LibEMG; make its environment first if there is none."""
    python = PEER / "bin" / "python"
    if not (PEER / ".ready").is_file():
        print(f"installing libemg=={VERSION} below {PEER.relative_to(ROOT)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", f"libemg=={VERSION}"]
        subprocess.run(pip, check=True)
        (PEER / ".ready").touch()
    return python


def compare(minutes: float, python: Path, folder: Path) -> dict[str, object]:
    """Measure both sides on a signal of some minutes."""
    signal = folder / "signal.npy"
    np.save(signal, noise(minutes, RATE, CHANNELS))
    mine = process(sys.executable, "here", signal, folder / "mine.npz")
    theirs = process(python, "there", signal, folder / "theirs.npz")
    ours, peers = np.load(folder / "mine.npz"), np.load(folder / "theirs.npz")
    for name in NAMES:
        np.testing.assert_allclose(ours[name], peers[name], rtol=1e-5, err_msg=name)
    return {
        "windows": mine["windows"],
        "thousand windows a second, LibEMG": {
            name: round(theirs["windows"] / theirs[name] / 1000, 1) for name in NAMES
        },
        "thousand windows a second, semg_lib": {
            name: round(mine["windows"] / mine[name] / 1000, 1) for name in NAMES
        },
        "times faster": {name: round(theirs[name] / mine[name], 1) for name in NAMES},
        "times faster at cutting windows": round(theirs["cut"] / mine["cut"], 1),
        "megabytes added": {
            "LibEMG": round(theirs["megabytes"]),
            "semg_lib": round(mine["megabytes"]),
        },
        "memory, share of LibEMG's": round(mine["megabytes"] / theirs["megabytes"], 3),
    }


def main() -> None:
    """Measure signals of two and of five minutes."""
    if len(sys.argv) > 1:
        side = {"here": here, "there": there}[sys.argv[1]]
        print(json.dumps(side(*map(Path, sys.argv[2:]))))
        return
    python = peer()
    table: dict[str, object] = {
        "what": f"{LENGTH}-sample windows every {STEP} samples, {CHANNELS} channels at {RATE} Hz",
        "peer": f"libemg {VERSION}",
        "machine": machine(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (2, 5):
            table[f"{minutes} minutes"] = compare(minutes, python, Path(folder))
    store(table, Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    main()

"""What every benchmark needs: memory, the machine in words, a signal, and a place for its table."""

from __future__ import annotations

import json
import os
import platform
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from semg_lib.recordings.recording import Recording

CORES = os.cpu_count() or 1


def megabytes() -> float:
    """Return the memory of this process at its highest so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine(cores: int = CORES) -> str:
    """Return the machine in words."""
    return f"{platform.machine()}, {cores} cores"


def noise(minutes: float, rate: int, channels: int) -> np.ndarray:
    """Return white noise as loud as sEMG, (sample, channel) float32."""
    shape = (int(60 * minutes * rate), channels)
    return np.random.default_rng(0).normal(0, 1e-4, shape).astype(np.float32)


def one_movement(emg: np.ndarray, rate: int) -> Recording:
    """Return a signal as a recording of one movement, which every window of it is of."""
    from semg_lib.recordings.recording import Recording  # a peer's environment has no semg_lib

    ones = np.ones(len(emg), np.int16)
    return Recording(emg, ones, ones, ones.astype(np.int8), rate, "db2", 1, simulated=True)


def store(table: dict[str, Any], path: Path) -> None:
    """Write a benchmark's table and print it."""
    text = json.dumps(table, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)

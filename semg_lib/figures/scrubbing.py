"""A recording to scrub through on a page: signal, both labels, and the window at the slider.

It runs in the reader's browser, from what is in the page itself; no server and no network.
"""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from semg_lib.errors import DataError
from semg_lib.recordings.labels import named
from semg_lib.recordings.recording import Recording

if TYPE_CHECKING:
    from IPython.display import HTML

_PAGE = Path(__file__).with_suffix(".html")


def scrubber(
    recording: Recording,
    screen: np.ndarray,
    *,
    start_s: float = 0,
    seconds: float = 60,
    window_ms: float = 150,
    step_ms: float = 50,
) -> HTML:
    """Return a part of a recording as it stands on a page.

    Parameters
    ----------
    recording : Recording
        Envelopes, with the re-aligned labels. Only simulated ones: the page holds the signal, and
        nobody's recordings are given away.
    screen : ndarray (sample,), int
        What the screen asked for.
    start_s, seconds : float
        What is shown of it.
    window_ms, step_ms : float
        The window that is moved over it.

    Raises
    ------
    DataError
        If the recording is of a person, or labels and signal differ in length.
    """
    from IPython.display import HTML

    if not recording.simulated:
        raise DataError(f"{recording!r}: a page would give it away; show a simulated one")
    if screen.shape != recording.label.shape:
        raise DataError(f"screen has shape {screen.shape}, expected {recording.label.shape}")
    first = round(start_s * recording.rate)
    shown = slice(first, first + round(seconds * recording.rate))
    emg = recording.emg[shown]
    highest = np.maximum(np.quantile(emg, 0.999, axis=0), np.finfo(np.float32).tiny)
    levels = np.clip(255 * emg / highest, 0, 255).astype(np.uint8)
    data = {
        "emg": base64.b64encode(levels.tobytes()).decode(),
        "samples": len(emg),
        "channels": recording.n_channels,
        "rate": recording.rate,
        "length": round(window_ms * recording.rate / 1000),
        "step": round(step_ms * recording.rate / 1000),
        "screen": _stretches(screen[shown]),
        "aligned": _stretches(recording.label[shown]),
        "names": {
            each: named(recording.database, each) for each in range(recording.label.max() + 1)
        },
    }
    return HTML(_PAGE.read_text(encoding="utf-8").replace("__DATA__", json.dumps(data)))


def _stretches(label: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (first sample, one past the last, label) of every stretch of one label."""
    change = np.flatnonzero(np.diff(label)) + 1
    ends = [0, *change.tolist(), len(label)]
    return [(a, b, int(label[a])) for a, b in itertools.pairwise(ends)]

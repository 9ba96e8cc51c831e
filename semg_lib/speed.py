"""What the book's page on speed shows of ``benchmarks/``: tables, and the numbers of its prose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from semg_lib import tables

FOLDER = Path(__file__).parent.parent / "benchmarks"
NOT_MEASURED = "not measured yet"


def load(name: str) -> dict[str, Any]:
    """Return what a benchmark wrote, empty if it has not been run.

    Raises
    ------
    ValueError
        If the file is not JSON.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: {error}; run python benchmarks/{name}.py again") from None


def ratios() -> str:
    """Return the table of all ratios, one row a task."""
    training, features, sweep = load("training"), load("features"), load("sweep")
    spectrogram, loading = load("spectrogram"), load("loading")
    rows = []
    for name, ratio in training["times the plain loop"].items():
        if name != "plain loop":
            rows.append([f"training: {name}", "Dataset, DataLoader, plain loop", ratio, ""])
    long = features["5 minutes"]
    of_libemg = long["memory, share of LibEMG's"]
    share = f"{100 * of_libemg:.0f} %"
    for name, ratio in long["times faster"].items():
        rows.append([f"{name.upper()} of overlapping windows", features["peer"], ratio, share])
    cutting = long["times faster at cutting windows"]
    rows.append(["cutting windows", f"{features['peer']}, which copies them", cutting, ""])
    added = spectrogram["megabytes added"]
    share = f"{100 * added['semg_lib'] / added['loop over SciPy']:.0f} %"
    ratio = spectrogram["times faster than the loop"]
    rows.append(["spectrogram and components", "SciPy in a loop", ratio, share])
    for name, found in loading.items():
        if isinstance(found, dict):
            first = found["first load over scipy"]
            cached = found["first load over cached load"] / first
            rows.append([f"loading {name}", "scipy.io.loadmat", round(1 / first, 2), ""])
            rows.append(["the same, from the cache", "scipy.io.loadmat", f"{cached:.1f}", ""])
    ratio = sweep.get("times papermill in a loop", NOT_MEASURED)
    rows.append([f"sweep, {sweep['machine'].split(', ')[-1]}", "papermill in a loop", ratio, ""])
    return tables.table(["task", "peer", "times faster", "memory, of the peer's"], rows)


def gpu() -> str:
    """Return what a GPU made of the papers, or that it has not been measured."""
    found = load("gpu")
    if not found:
        return f"**{NOT_MEASURED.capitalize()}.**\n"
    rows = [
        [paper, way, f"{rate:,}", found[paper]["times the plain loop"][way]]
        for paper in ("atzori2016", "zhai2017", "ding2018")
        for way, rate in found[paper]["windows a second"].items()
    ]
    header = ["paper", f"on {found['device']}", "windows a second", "times the plain loop"]
    return tables.table(header, rows)


def write(folder: Path) -> dict[str, str]:
    """Write the page's tables below a folder and return the numbers of its prose."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ratios.md").write_text(ratios())
    (folder / "gpu.md").write_text(gpu())
    training, sweep = load("training"), load("sweep")
    added = sweep.get("seconds that scheduling adds to a unit")
    plain, *ours = training["test accuracy, %"].values()
    reached = training["billion operations a second"]
    return {
        "operations": f"{training['million operations a window']:.1f}",
        "rate": f"{1000 * max(training['thousand windows a second'].values()):,.0f}",
        "plain_rate": f"{1000 * training['thousand windows a second']['plain loop']:,.0f}",
        "reached": f"{reached['reached']}",
        "ceiling": f"{reached['matrix product of 2048 x 2048']}",
        "share": f"{100 * training['share of that']:.0f} %",
        "precision": training["precision"],
        "what": training["what"],
        "machine": training["machine"],
        "plain_accuracy": f"{plain:.1f} %",
        "accuracy": f"{ours[0]:.1f} %",
        "difference": str(
            training["largest difference of a subject's mean from the plain loop, points"]
        ),
        "scheduling": f"{added:+.1f} s" if added is not None else NOT_MEASURED,
        "thousand": f"{sweep['seconds in all']:.0f}",
    }

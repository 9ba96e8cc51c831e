"""What the book's page on speed shows of ``benchmarks/``: tables, and the numbers of its prose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from semg_lib.errors import DataError
from semg_lib.evaluation.writing import write_atomically
from semg_lib.papers import PAPERS
from semg_lib.publishing import tables
from semg_lib.studies import comparison

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"
LEVEL = 0.05  # of the test whether an entry is at the target
CEILING = "the most that the same operations allow"
# What ``precision: auto`` picks, and the processors that it is for.
PROCESSORS = {"bfloat16": "with bfloat16 instructions", "float32": "without bfloat16 instructions"}


def load(name: str) -> dict[str, Any]:
    """Return what a benchmark wrote.

    Raises
    ------
    DataError
        If there is no such file, or it is not JSON.
    """
    path = FOLDER / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: {error}; run python benchmarks/{name}.py again") from None


def ratios() -> str:
    """Return the table of all ratios, one row a task."""
    features, spectrogram, loading, sweep = map(
        load, ("features", "spectrogram", "loading", "sweep")
    )
    rows = []
    for precision, found in load("training").items():
        *_, (name, ratio) = found["times the plain loop"].items()
        task = f"{name}, {PROCESSORS[precision]}"
        rows.append([task, ratio, "Dataset, DataLoader, plain loop", ""])
    long = features["5 minutes"]
    of_libemg = long["memory, share of LibEMG's"]
    share = f"{100 * of_libemg:.0f} %"
    for name, ratio in long["times faster"].items():
        rows.append([f"{name.upper()} of overlapping windows", ratio, features["peer"], share])
    cutting = long["times faster at cutting windows"]
    rows.append(["cutting windows", cutting, f"{features['peer']}, which copies them", ""])
    added = spectrogram["megabytes added"]
    share = f"{100 * added['semg_lib'] / added['loop over SciPy']:.0f} %"
    ratio = spectrogram["times faster than the loop"]
    rows.append(["spectrogram and components", ratio, "SciPy in a loop", share])
    for name, found in loading.items():
        if isinstance(found, dict):
            first = found["first load over scipy"]
            rows.append([f"loading {name}", round(1 / first, 2), "scipy.io.loadmat", ""])
    cores, ratio = sweep["machine"].split(", ")[-1], sweep["times papermill in a loop"]
    rows.append([f"sweep, {cores}", ratio, "papermill in a loop", ""])
    header = ["task", "times faster", "peer", "memory, of the peer's"]
    return tables.markdown(pd.DataFrame(rows, columns=header, dtype=object))


def training() -> str:
    """Return the table of the ways to train: a row a way, a column a kind of processor."""
    columns = {PROCESSORS[name]: _processor(found) for name, found in load("training").items()}
    shown = pd.concat({name: pd.Series(cells) for name, cells in columns.items()}, axis=1)
    return tables.markdown(shown.fillna("").rename_axis("way, and what it makes").reset_index())


def _processor(found: dict[str, Any]) -> dict[str, str]:
    """Return the cells of one processor; the last way it measured is the library's."""
    accuracy, rates = found["test accuracy, %"], found["thousand windows a second"]
    *_, ours = rates
    peak = found["billion operations a second of a matrix product"]
    ways = sorted(rates.items(), key=lambda way: way[0] != "plain loop")  # the peer first
    # Thousand windows a second times million operations a window are billions a second.
    each = found["million operations a window"] / peak
    share = {way: rates[way] * each for way in ("plain loop", ours)}
    moved = found["largest difference of a subject's mean from the plain loop, points"]
    return {
        "measured on": f"{found['machine']}: {found['what']}",
        **{f"{way}, windows a second": f"{1000 * rate:,.0f}" for way, rate in ways},
        "product of two 2048 x 2048 matrices, billion operations a second": str(peak),
        **{f"{way}, share of that": f"{100 * part:.0f} %" for way, part in share.items()},
        CEILING: f"{1 / share['plain loop']:.1f} times",
        **{f"{way}, test accuracy": f"{score:.1f} %" for way, score in accuracy.items()},
        "largest change of a subject's mean": f"{moved} points",
    }


def gpu() -> str:
    """Return what a GPU made of the papers."""
    found = load("gpu")
    rows = [
        [paper, way, f"{rate:,}", found[paper]["times the plain loop"][way]]
        for paper in ("atzori2016", "ding2018", "zhai2017")
        for way, rate in found[paper]["windows a second"].items()
    ]
    on = f"on one {found['device']}, {found['versions']}"
    header = ["paper", on, "windows a second", "times the plain loop"]
    return tables.markdown(pd.DataFrame(rows, columns=header, dtype=object))


def ways() -> str:
    """Return what each way to train many of ding2018's networks makes of a GPU."""
    found = load("gpu_ways")
    rates = found["windows a second"]
    first = next(iter(rates.values()))
    rows = [[way, f"{rate:,}", f"{rate / first:.1f}"] for way, rate in rates.items()]
    header = [f"{found['what']}, on one {found['device']}", "windows a second", "times the first"]
    return tables.markdown(pd.DataFrame(rows, columns=header, dtype=object))


def device() -> str:
    """Return what a network costs and reaches in float and in int8."""
    found = load("device")
    mean = found["mean"]
    rows = [
        [
            kind,
            f"{mean[f'accuracy of {kind}, %']:.1f}",
            f"{mean[f'kB of {kind}']:.0f}",
            f"{1 / mean[f'{kind}, times torch']:.1f}",
        ]
        for kind in ("float", "int8")
    ]
    header = ["numbers", "accuracy, %", "size, kB", "decisions, times those of torch"]
    return tables.markdown(pd.DataFrame(rows, columns=header, dtype=object))


def devices() -> pd.DataFrame:
    """Return what a decision of every method costs outside PyTorch, one row a method, as text."""
    found = load("device")["methods"]
    forms = {"a decision, ms": "{:.2f}", "kB": "{:,.0f}", "accuracy, %": "{:.1f}"}
    forms |= {"kB in int8": "{:,.0f}", "accuracy in int8, %": "{:.1f}"}
    rows = pd.DataFrame.from_dict(found["rows"], orient="index", columns=list(forms))
    shown = {name: tables.text(rows[name], form) for name, form in forms.items()}
    return pd.DataFrame(shown).rename(index=comparison.TITLES).rename_axis("method")


def race(kind: str = "real") -> pd.DataFrame:
    """Return the log of time to accuracy, one row an entry, in the order of their coming."""
    log = load("accuracy")[kind]
    rows = {
        name: {
            "at the target": "yes" if each["p"] < LEVEL else "no",
            "times as fast": f"{each['times the plain loop']:.1f}",
            "accuracy, %": f"{sum(each['accuracy, %']) / len(each['accuracy, %']):.2f}",
            "seeds": str(len(each["accuracy, %"])),
            "p": f"{each['p']:.2g}",
            "four networks, s": f"{each['seconds']:.0f}",
            "plain loop beside it, s": f"{each['seconds of the plain loop']:.0f}",
            "code": each["code"],
        }
        for name, each in log["entries"].items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("entry")


def told() -> dict[str, str]:
    """Return the numbers of the prose and the answers of sections: the slower ones too."""
    trained, short, read = load("training"), load("features"), load("loading")
    columns = {name: _processor(each) for name, each in trained.items()}
    fast = short["5 minutes"]["times faster"].values()
    slow = [each["first load over scipy"] for each in read.values() if isinstance(each, dict)]
    rates = {n: each["times the plain loop"] for n, each in load("gpu").items() if n in PAPERS}
    alone = [each["training.fit"] for each in rates.values()]
    stacked = ", ".join(
        f"{name} {each['many.fit_many']}" for name, each in rates.items() if len(each) > 2
    )
    there = race()[lambda log: log["at the target"] == "yes"]
    best = there["times as fast"].astype(float).idxmax()
    page, on_device, sweep = load("page"), load("device"), load("sweep")
    painted, sorts = (each for name, each in page.items() if name.endswith("plain page"))
    lost, added = on_device["points lost by int8"], sweep["seconds that scheduling adds to a unit"]
    *_, processor = trained.values()
    return {
        "trained": "; ".join(
            f"{PROCESSORS[name]} {list(found['times the plain loop'].values())[-1]} times "
            f"the plain loop's rate, of at most {columns[name][CEILING]} that the same operations "
            "allow"
            for name, found in trained.items()
        ),
        "operations": f"{processor['million operations a window']:.1f}",
        "others": (
            f"features {min(fast):.1f} to {max(fast):.1f} times {short['peer']}'s rate; a first "
            f"load of a file takes {min(slow):.1f} to {max(slow):.1f} times as long as SciPy's"
        ),
        "stacked": (
            f"{min(alone)} to {max(alone)} times the plain loop for one network alone; stacked, in "
            f"times the plain loop: {stacked}"
        ),
        "whole": whole(),
        "race": (
            f"{best} reach the target in {there.loc[best, 'four networks, s']} s, "
            f"{there.loc[best, 'times as fast']} times as fast as the plain loop of a tutorial"
        ),
        "target": f"{load('accuracy')['real']['target, %']:.2f} %",
        "twin": f"{load('accuracy')['simulated']['target, %']:.2f} %",
        "page": (
            f"at {page['line']}, the first page is painted after {painted:.1f} times, and the "
            f"table of all numbers sorts after {sorts:.1f} times, as long as a plain page of the "
            "same text takes to be painted"
        ),
        "data": on_device["data"],
        "lost": f"{min(lost):.1f} to {max(lost):.1f} points",
        "scheduling": f"{added:.1f} s" if added > 0 else "nothing that can be measured",
        "thousand": f"{sweep['seconds in all']:.0f}",
    }


def whole(epochs: int = 30) -> str:
    """Return the seconds that a GPU takes to train on all subjects of DB1, stacked, in words."""
    found = load("gpu")["atzori2016"]
    rate = found["windows a second"]["many.fit_many"]
    return f"{epochs * found['windows of all'] / rate:.0f} s"


def write(folder: Path) -> dict[str, str]:
    """Write the page's tables below a folder and return the numbers of its prose."""
    shown = {"ratios": ratios, "gpu": gpu, "ways": ways, "device": device, "training": training}
    for name, table in shown.items():
        write_atomically(folder / f"{name}.md", table())
    for kind in ("real", "simulated"):
        write_atomically(folder / f"race-{kind}.md", tables.markdown(race(kind).reset_index()))
    return told()

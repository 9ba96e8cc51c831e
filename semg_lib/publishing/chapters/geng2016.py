"""Geng 2016 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.figures import diagrams
from semg_lib.papers import geng2016 as module
from semg_lib.publishing import cards, tables
from semg_lib.publishing.chapters import common
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.publishing.tables import points
from semg_lib.running.runs import Run
from semg_lib.signals import votes

NAME = "geng2016"
SHORT = "one sample"
CLAIM = (
    "one sample of all electrodes is enough to tell movements apart; votes over time do the rest"
)
FRONT = (
    "one sample of all electrodes tells movements apart, and votes bring time in. Here, {kind} "
    "DB1: {cnn_10} on one sample, {cnn_200} with a vote over 200 ms; Random Forests on features "
    "of 200 ms {features_200} ({subjects} people)"
)
NAMES = {
    "cnn": "CNN, pre-trained",
    "alone": "CNN, alone",
    "mlp": "MLP",
    "knn": "kNN",
    "svm": "SVM",
    "random_forest": "Random Forests",
    "lda": "LDA",
    "atzori2016": "Atzori's CNN, 150 ms",
    "features": "Random Forests on features",
}
WHEN = {time: f"{time} ms" for time in votes.CURVE} | {
    "10": "one sample",
    "trial": "whole trial",
    "shuffled": "200 ms, shuffled",
}
TITLES = {
    f"{name}_{time}": f"{NAMES[name]}; {WHEN[time]}"
    for name, times in module.TIMES.items()
    for time in times
}
NO_FILTER = "no filter"


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last."""
    name, whole = common.comparison(NAME, root)
    if whole.root:
        few = replace(whole, methods=["lda_10"])  # the notebook's own comparison is not kept
        yield "db1-A-full-filter-seed0", replace(few, study="filter")
        yield "db1-A-full-unsaid-seed0", replace(few, study="unsaid", subjects=few.subjects[:2])
    yield name, whole


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    real = load_records(NAME, recipe="recommended", preset="full")
    filters, unsaid = (load_records(NAME, study=name) for name in module.STUDIES)
    everything = [*real, *filters, *unsaid]
    accuracy = summaries.by_subject(real)
    judged = statistics.judge(module.claims(accuracy))
    both = module.claims(accuracy.join(summaries.by_subject(filters), how="inner"))
    smooth = statistics.judge({name: both[name] for name in both if name not in judged.index})
    kind = "simulated" if real[0].simulated else "real"
    data = f"{kind} {real[0].database.upper()}"
    verdicts = {
        f"{data}, {len(accuracy)} subjects": judged,
        f"{data}, filter, {smooth['subjects'].iloc[0]} subjects": smooth,
    }
    courses = _courses(accuracy, filters)
    plain = courses[NO_FILTER]
    vote = accuracy["cnn_200"] - accuracy["cnn_10"]
    return Fragments(
        {
            "card": cards.card(module, everything, verdicts),
            "marks": tables.marks(module, "db1", "recommended"),
            "times": _times(accuracy),
            "equal": _equal(accuracy),
            "control": _control(accuracy),
            "filters": _filters(courses),
            "unsaid": _unsaid(accuracy, unsaid),
            "reported": _reported(),
            "claims": tables.judged(pd.concat([judged, smooth])),
            "runs": tables.runs(everything),
        },
        {
            "dots": figures.subject_dots(
                accuracy[[f"{name}_10" for name in ("cnn", "alone", *module.CLASSICAL)]],
                titles=NAMES | TITLES,
            ),
            "curve": figures.against(
                [float(time) for time in votes.CURVE if time.isdigit()],
                {
                    f"{name}, {len(own)} people": 100
                    * own.filter(regex=r"^\d").sub(plain["10"], axis=0).dropna().to_numpy()
                    for name, own in courses.items()
                },
                "time that a vote covers, ms",
                "points over one sample",
            ),
        },
        {str(name): f"{100 * mean:.1f} %" for name, mean in accuracy.mean().items()}
        | {
            "verdicts": cards.badges(verdicts),
            "kind": kind,
            "subjects": str(len(accuracy)),
            "classes": str(len(real[0].labels)),
            "vote": points(vote),
            "shuffled": points(accuracy["cnn_shuffled"] - accuracy["cnn_10"]),
            "pretraining": points(accuracy["cnn_10"] - accuracy["alone_10"]),
            "smooth": points(courses["1 Hz"]["10"] - plain["10"]),
            "smooth_vote": points(courses["1 Hz"]["10"] - plain["200"]),
            "filter_subjects": str(smooth["subjects"].iloc[0]),
        },
        {
            "network": diagrams.network(
                module.GengNet(10, 1, 12), "The network of Geng et al. (2016) for twelve movements"
            )
        },
    )


def _courses(accuracy: pd.DataFrame, filters: list[Record]) -> dict[str, pd.DataFrame]:
    """Return accuracies (subject, time) of the network alone, without a filter and with each."""
    studied = summaries.by_variant(filters)
    known = {name: studied[name] for name in module.STUDIES["filter"].variants if name in studied}
    return {
        name: own[[f"alone_{time}" for time in votes.CURVE]]
        .set_axis([*votes.CURVE], axis=1)
        .dropna()
        for name, own in ({NO_FILTER: accuracy} | known).items()
    }


def _times(accuracy: pd.DataFrame) -> str:
    """Return the mean accuracy of every recogniser by the time that it knows."""
    mean = 100 * accuracy.mean()
    rows = [
        {"recogniser": NAMES[name]}
        | {
            f"{WHEN[time]}, %": f"{mean[f'{name}_{time}']:.1f}" if time in times else ""
            for time in votes.KNOWN
        }
        for name, times in module.TIMES.items()
    ]
    return tables.markdown(pd.DataFrame(rows))


def _equal(accuracy: pd.DataFrame) -> str:
    """Return how far votes of single samples are above methods that see windows as long."""
    rows = [
        {"one against the other": f"{NAMES[name]}, over {NAMES[other]}"}
        | {
            f"{WHEN[time]}, points (95 % interval)": points(
                accuracy[f"{name}_{time}"] - accuracy[f"{other}_{time}"]
            )
            for time in votes.KNOWN[1:]
        }
        for name in ("cnn", "mlp")
        for other in ("features", "atzori2016")
    ]
    return tables.markdown(pd.DataFrame(rows))


def _control(accuracy: pd.DataFrame) -> str:
    """Return what a vote over 200 ms gains of samples in their order, and of shuffled ones."""
    rows = [
        {
            "recogniser": NAMES[name],
            "one sample, %": f"{100 * accuracy[f'{name}_10'].mean():.1f}",
            **{
                f"{title}, points (95 % interval)": points(
                    accuracy[f"{name}_{time}"] - accuracy[f"{name}_10"]
                )
                for time, title in (("200", "vote over 200 ms gains"), ("shuffled", "shuffled"))
            },
        }
        for name in ("cnn", "alone")
    ]
    return tables.markdown(pd.DataFrame(rows))


def _filters(courses: Mapping[str, pd.DataFrame]) -> str:
    """Return the accuracy of the network alone by filter and time, on the people of the study."""
    people = courses["1 Hz"].index
    plain = courses[NO_FILTER].loc[people]
    rows = [
        {"CNN, alone": name, "people": str(len(own))}
        | {f"{WHEN[time]}, %": _mean(own[time]) for time in ("10", "200", "1000", "trial")}
        | {
            "gain on one sample, points (95 % interval)": points(own["10"] - plain["10"])
            if name != NO_FILTER
            else ""
        }
        for name, own in {**courses, NO_FILTER: plain}.items()
    ]
    return tables.markdown(pd.DataFrame(rows))


def _unsaid(accuracy: pd.DataFrame, studied: list[Record]) -> str:
    """Return what other readings of the paper, and what was cut, change on a few subjects."""
    if not studied:
        return "No other reading has been run; the study `unsaid` holds six.\n"
    varied = summaries.by_variant(studied)
    few = accuracy.loc[varied.index]
    times = ("10", "200")
    rows = [{"CNN, alone": "as run"} | {f"{WHEN[t]}, %": _mean(few[f"alone_{t}"]) for t in times}]
    for name in varied.columns.unique("variant"):
        own = {f"{WHEN[t]}, %": _mean(varied[str(name)][f"alone_{t}"]) for t in times}
        rows.append({"CNN, alone": str(name), **own})
    return tables.captioned(
        tables.markdown(pd.DataFrame(rows)),
        f"The network alone under other readings; {len(few)} real people of DB1, one seed, which "
        "can show what would move the accuracy by many points and nothing finer.",
    )


def _mean(values: pd.Series) -> str:
    return f"{100 * np.mean(values):.1f}"


def _reported() -> str:
    """Return the paper's numbers, with their classes."""
    rows = []
    for each in module.REPORTED:
        what, _, method = each.method.rpartition(": ")
        rows.append(
            {
                "the paper's": TITLES[method],
                "signal": "low-passed at 1 Hz" if what == "1 Hz" else "as it is",
                "classes, 27 subjects": each.note,
                "paper, %": f"{each.mean:.1f}",
            }
        )
    return tables.markdown(pd.DataFrame(rows))


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    records = load_records(NAME, recipe="recommended", preset="full")
    mean = 100 * summaries.by_subject(records).mean()
    said = {each.method: each.mean for each in module.REPORTED}
    of = ("**simulated** " if records[0].simulated else "") + records[0].database.upper()
    return (
        f"one sample {said['cnn_10']} %, votes over 280 ms {said['cnn_280']} % (DB1, 27 subjects, "
        f"52 movements) | one sample {mean['cnn_10']:.1f} %, votes over 280 ms "
        f"{mean['cnn_280']:.1f} %, features of 200 ms {mean['features_200']:.1f} % ({of} exercise "
        f"A, {len(records[0].subjects)} subjects, 12 movements)"
    )

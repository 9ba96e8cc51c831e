"""What some records say together: tables over subjects, sessions, seeds and variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from semg_lib.errors import DataError
from semg_lib.evaluation.records import Record
from semg_lib.evaluation.scores import Reported, Score
from semg_lib.evaluation.statistics import interval
from semg_lib.recordings import databases
from semg_lib.recordings.labels import named

_KIND = ("paper", "study", "database", "exercises", "simulated", "recipe", "preset")


def alike(
    records: Sequence[Record], *, code: bool = False
) -> list[tuple[list[Record], dict[str, Any]]]:
    """Return groups of records that can be compared, and of each what it is, by name.

    Those of a group differ in subjects and seeds alone: over other settings, or other recordings
    of one subject, there is no mean. A setting that a record does not name, for its code had none
    such, tells it from no other. Records of other ``code`` are told apart only where that is
    asked: of those in ``results`` `replay` says whether their numbers still come out.
    """
    groups: list[tuple[list[Record], dict[str, Any]]] = []
    for record in records:
        own: dict[str, Any] = {}
        for name, value in record.settings.items():
            own |= value if isinstance(value, dict) else {name: value}
        own |= {name: getattr(record, name) for name in (*_KIND, *(["code"] if code else []))}
        for subject in record.subjects:
            own[f"data of subject {subject}"] = record.data.get(subject, "simulated")
        for group, known in groups:
            if all(known.get(name, value) == value for name, value in own.items()):
                group.append(record)
                known.update(own)
                break
        else:
            groups.append(([record], own))
    return groups


def differences(groups: Sequence[tuple[list[Record], dict[str, Any]]]) -> pd.DataFrame:
    """Return what groups of `alike` differ in, one row a group, one column each, as text."""
    texts = [{name: str(value) for name, value in known.items()} for _, known in groups]
    table = pd.DataFrame(texts)
    apart = table.loc[:, table.nunique() > 1]
    data = apart.filter(like="data of subject")
    shown = apart.drop(columns=data)
    if len(data.columns):  # of one subject it tells as much as of all
        shown["data"] = data.bfill(axis=1).iloc[:, 0]
    return shown.fillna("")


def comparable(records: Sequence[Record]) -> None:
    """Raise DataError if a mean over some records would mix what cannot be compared."""
    if len(records) < 2:
        return
    for name, values in differences(alike(records)).items():
        raise DataError(
            f"records of other {name} ({', '.join(dict.fromkeys(values))}) have no common mean: "
            "choose some of them, or take the groups of summaries.alike"
        )


def scores(records: Sequence[Record], *more: str) -> pd.DataFrame:
    """Return every score of some records, with seed, recipe and database beside it.

    ``more`` are fields that only some kinds of scores have.
    """
    columns = dict.fromkeys([*Score.model_fields, *more, "seed", "recipe", "database", "simulated"])
    rows = [
        score.model_dump()
        | {name: getattr(record, name) for name in ("seed", "recipe", "database", "simulated")}
        for record in records
        for score in record.scores
    ]
    return pd.DataFrame(rows, columns=list(columns))


def by_subject(records: Sequence[Record], *, value: str = "accuracy") -> pd.DataFrame:
    """Return one row a subject, one column a method: the mean over seeds; see `alike`."""
    comparable(records)
    table = scores(records, value)
    order = list(dict.fromkeys(table["method"]))
    return table.pivot_table(index="subject", columns="method", values=value)[order]


def by_session(records: Sequence[Record], *, value: str = "sessions") -> pd.DataFrame:
    """Return one row a subject and method, one column a session: the mean over seeds.

    Session 1 is the first that is tested of a recording that lacks none; where a recording lacks
    one, the others keep their numbers.

    Parameters
    ----------
    records : sequence of Record
        Of a paper with sessions.
    value : {"sessions", "corrected"}
        Accuracy, or that of the labels that recalibration would train on.
    """
    comparable(records)
    places = _places(records)
    rows = [
        {"method": score.method, "subject": score.subject, "session": session, value: each}
        for record in records
        for score in record.scores
        for session, each in zip(
            _tested(record, score, places), getattr(score, value), strict=False
        )
    ]
    order = list(dict.fromkeys(row["method"] for row in rows))
    table = pd.DataFrame(rows).pivot_table(
        index=["method", "subject"], columns="session", values=value
    )
    return table.loc[order]


def over_sessions(by_session: pd.DataFrame) -> pd.DataFrame:
    """Return means over subjects in per cent (method, session) of `by_session`.

    Where some subjects lack a session, a last row says how many are in each mean.
    """
    mean = 100 * by_session.groupby("method", sort=False).mean()
    n = by_session.notna().groupby("method").sum().max()
    if n.nunique() > 1:
        mean.loc["n"] = n
    return mean


def _places(records: Sequence[Record]) -> dict[int, list[int]]:
    """Return which sessions a subject has that lacks some, counted among all there are."""
    known = {subject: some for each in records for subject, some in each.repetitions.items()}
    if not known:
        return {}
    spec = databases.database(records[0].database)
    every = sorted(
        set().union(*known.values()) if spec.sessions else range(1, spec.n_repetitions + 1)
    )
    return {subject: [every.index(each) + 1 for each in some] for subject, some in known.items()}


def _tested(record: Record, score: Any, places: dict[int, list[int]]) -> Sequence[int]:
    """Return the numbers of a score's sessions; see `recalibration.sessions`."""
    has, n = places.get(score.subject), len(score.sessions)
    if not has:
        return range(1, n + 1)
    spec = databases.database(record.database)
    every = range(1, (len(has) if spec.sessions else spec.n_repetitions) + 1)
    train = record.settings.get("train", [1])
    tested = record.settings.get("test") or [k for k in every if k not in train][:5]
    at_hand = [has[k - 1] for k in tested] if spec.sessions else [k for k in tested if k in has]
    return [k - tested[0] + 1 for k in at_hand[:n]]


def recalibrated(records: Sequence[Record], *, value: str = "sessions") -> pd.DataFrame:
    """Return `by_session` over the sessions after the first, which comes before recalibration.

    One row a variant (empty in a comparison) and subject, one column a method: the mean over
    sessions and seeds.
    """
    mean = by_session(records, value=value).loc[:, 2:].mean(axis=1).rename("accuracy").reset_index()
    mean[["variant", "", "method"]] = [name.rpartition(": ") for name in mean["method"]]
    table = mean.pivot(index=["variant", "subject"], columns="method", values="accuracy")
    return table.loc[list(dict.fromkeys(mean["variant"])), list(dict.fromkeys(mean["method"]))]


def by_variant(records: Sequence[Record], *, value: str = "accuracy") -> pd.DataFrame:
    """Return one row a subject, one column a variant and method, of a study that names both.

    Such a study's methods are written ``variant: method``.
    """
    table = by_subject(records, value=value)
    pairs = [tuple(name.rsplit(": ", 1)) for name in table.columns]
    table.columns = pd.MultiIndex.from_tuples(pairs, names=["variant", "method"])
    return table


def summary(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row a method: mean, sd over subjects and interval, per cent; subjects, seeds."""
    seeds = scores(records).groupby("method")["seed"].nunique()
    balanced = 100 * by_subject(records, value="balanced_accuracy").mean()
    rows = {}
    for method, values in by_subject(records).items():
        values = 100 * values.dropna()
        low, high = interval(values.to_numpy())
        rows[method] = {
            "mean": values.mean(),
            "sd": values.std(),
            "low": low,
            "high": high,
            "balanced": balanced[str(method)],
            "subjects": len(values),
            "seeds": seeds[str(method)],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def confused(
    matrix: ArrayLike, labels: Sequence[int], database: str = "", n: int = 5
) -> pd.DataFrame:
    """Return the pairs of classes that are confused most often, by number and name.

    Parameters
    ----------
    matrix : array (true, predicted)
        Counts of windows.
    labels : sequence of int
        What its rows and columns are.
    database : str
        Whose movements they are.
    n : int
        Pairs at most; those never confused are left out.

    Returns
    -------
    DataFrame
        ``movement``, what it is ``taken for``, and in how many per cent ``of its windows``.
    """
    counts = np.asarray(matrix, float)
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(share, 0)
    order = np.argsort(-share, axis=None, kind="stable")[:n]
    rows = [
        (named(database, labels[i]), named(database, labels[j]), share[i, j])
        for i, j in zip(*np.unravel_index(order, share.shape), strict=True)
        if share[i, j] > 0
    ]
    return pd.DataFrame(rows, columns=["movement", "taken for", "% of its windows"])


def beside_reported(
    reported: Sequence[Reported], database: str, **runs: Sequence[Record]
) -> pd.DataFrame:
    """Set a paper's numbers beside ours, as text; unknown cells stay empty.

    Parameters
    ----------
    reported : sequence of Reported
    database : str
        Only this database's numbers are comparable.
    **runs : sequence of Record
        Records by the title of their column; underscores become spaces.
    """
    columns = {
        "paper": {
            each.method: f"{each.text} ({each.mark})"
            for each in reported
            if each.database == database
        }
    }
    for title, records in runs.items():
        if not records:
            continue
        kind = "simulated, " if records[0].simulated else ""
        table = summary(records)
        columns[title.replace("_", " ")] = {
            str(method): f"{row['mean']:.2f} ± {row['sd']:.2f} "
            f"({kind}{row['subjects']:.0f} subjects)"
            for method, row in table.iterrows()
        }
    return pd.DataFrame(columns).fillna("")

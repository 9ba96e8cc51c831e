"""Pictures of scores, losses and confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from semg_lib.evaluation.scores import Reported
from semg_lib.evaluation.statistics import interval
from semg_lib.evaluation.summaries import confused
from semg_lib.figures.style import (
    BLUE,
    CYCLE,
    DASHES,
    INK,
    LINES,
    SKY,
    TITLES,
    VERMILION,
    Picture,
    new,
    picture,
    title,
)
from semg_lib.recordings.labels import named

MANY = 20  # classes whose names no longer fit beside a confusion matrix


def curves(losses: Mapping[str, Sequence[float | None]], *, chance: float | None = None) -> Picture:
    """Draw training loss over epochs, one line a name; ``chance`` is the loss of guessing."""
    figure, axis = new(6, 2.9)
    for name, loss in losses.items():
        axis.plot(range(1, len(loss) + 1), [np.nan if v is None else v for v in loss], label=name)
    if chance is not None:
        axis.axhline(chance, color=INK, ls=":", lw=1)
        axis.text(1, chance, "guessing", va="bottom", fontsize=8)
    axis.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(True, alpha=0.6)
    if len(losses) > 1:
        axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    ends = "; ".join(f"{name}: {loss[0]} to {loss[-1]}" for name, loss in losses.items() if loss)
    return picture(figure, f"Training loss, first and last epoch: {ends}.")


def confusion(
    matrix: ArrayLike, labels: Sequence[int], title: str = "", database: str = ""
) -> Picture:
    """Draw a confusion matrix, each row as shares of the true class.

    Rows bear the names of the database's movements. Where there are too many for that, the pairs
    that are confused most often are named below.
    """
    counts = np.asarray(matrix, float)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbers = ["rest" if each == 0 else str(each) for each in labels]
    many = len(labels) > MANY
    names = numbers if many else [named(database, each) for each in labels]
    cell = min(0.34, 8 / len(labels))  # inches
    size = max(3.2, cell * len(labels) + 1.2)
    figure, axis = new(size + 0.7 + 0.06 * max(map(len, names)), size)
    image = axis.imshow(100 * share, cmap="Blues", vmin=0, vmax=100)
    for i, j in zip(*np.nonzero(share >= 0.05), strict=True):
        ink, text = "white" if share[i, j] > 0.55 else INK, f"{100 * share[i, j]:.0f}"
        axis.text(j, i, text, ha="center", va="center", fontsize=min(7, 30 * cell), color=ink)
    ticks = range(len(names))
    axis.set(xticks=ticks, yticks=ticks, xlabel="predicted", ylabel="true", title=title)
    axis.set_xticklabels(numbers, rotation=90, fontsize=min(9, 45 * cell))
    axis.set_yticklabels(names, fontsize=min(9, 45 * cell))
    figure.colorbar(image, label="% of the true class", shrink=0.8)
    pairs = [
        f"{row['movement']} is taken for {row['taken for']} in {row['% of its windows']:.0f} %"
        for _, row in confused(matrix, labels, database, 3).iterrows()
    ]
    if many:
        axis.set_xlabel("\n".join(["predicted", "", *pairs]))
    right = f"{100 * np.diag(share).mean():.0f} % right on average"
    return picture(
        figure, f"Confusion matrix of {len(names)} classes: {right}; {'; '.join(pairs)}."
    )


def subject_dots(
    by_subject: pd.DataFrame,
    *,
    titles: Mapping[str, str] = TITLES,
    reported: Sequence[Reported] = (),
    value: str = "accuracy",
) -> Picture:
    """Draw one dot a subject for every method, its mean and 95 % interval.

    Parameters
    ----------
    by_subject : DataFrame (subject, method)
        Fractions.
    titles : mapping
        Names to show for methods.
    reported : sequence of Reported
        A paper's numbers, drawn as hollow diamonds beside a method's dots.
    value : str
        What the dots are.
    """
    methods = list(by_subject.columns)
    figure, axis = new(7, 0.42 * len(methods) + 1.4)
    said = {each.method: each for each in reported}
    spread = np.random.default_rng(0)
    lines = []
    for row, method in enumerate(methods):
        values = 100 * by_subject[method].dropna().to_numpy()
        height = row + spread.uniform(-0.14, 0.14, len(values))
        axis.plot(values, height, "o", ms=4, color=SKY, alpha=0.9, mew=0)
        low, high = interval(values)
        axis.plot([low, high], [row, row], color=BLUE, lw=3, solid_capstyle="butt")
        axis.plot(values.mean(), row, "|", ms=14, mew=2.5, color=INK)
        lines.append(f"{title(method, titles)} {values.mean():.1f} %")
        if method in said:
            axis.plot(said[method].mean, row, "D", ms=7, mfc="none", mec=VERMILION, mew=1.6)
    axis.set(
        yticks=range(len(methods)),
        yticklabels=[title(method, titles) for method in methods],
        xlabel=f"{value}, %\n(dots: subjects; bar: 95 % interval of the mean)",
        ylim=(len(methods) - 0.5, -0.5),
    )
    axis.grid(True, axis="x", alpha=0.6)
    n = len(by_subject)
    return picture(figure, f"{value.capitalize()}, mean over {n} subjects: {'; '.join(lines)}.")


def sessions(by_session: pd.DataFrame, over: str = "subjects") -> Picture:
    """Draw accuracy over sessions, one line a method, with 95 % intervals over subjects.

    Parameters
    ----------
    by_session : DataFrame (method and subject, session)
        As `summaries.by_session` returns it.
    over : str
        What its subjects are.
    """
    figure, axis = new(7, 3.4)
    methods = list(dict.fromkeys(by_session.index.get_level_values("method")))
    numbers = by_session.columns.to_numpy()
    lines = []
    for row, method in enumerate(methods):
        values = 100 * by_session.loc[method].to_numpy()
        kind, _, mode = method.partition("_")
        colour, place = LINES.get(kind, INK), numbers + 0.05 * (row - len(methods) / 2)
        ends = np.array([interval(column[~np.isnan(column)]) for column in values.T])
        label, mean = title(method), np.nanmean(values, axis=0)
        axis.plot(
            place, mean, ls=DASHES.get(mode, "-"), marker="o", ms=4, color=colour,
            label=label,
        )  # fmt: skip
        axis.vlines(place, ends[:, 0], ends[:, 1], color=colour, lw=1.2, alpha=0.7)
        lines.append(f"{label} {mean[0]:.0f} to {mean[-1]:.0f} %")
    axis.set(
        xticks=numbers,
        xlabel=f"testing session (bars: 95 % interval of the mean over {over})",
        ylabel="accuracy, %",
    )
    axis.grid(True, alpha=0.6)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    known = by_session.notna().groupby("method").sum().max()
    if known.nunique() > 1:  # some subjects lack sessions
        axis.set_xticks(numbers, [f"{k}\nn = {n}" for k, n in known.items()])
    return picture(
        figure, f"Accuracy from the first to the last testing session: {'; '.join(lines)}."
    )


def heat(table: pd.DataFrame, xlabel: str, ylabel: str) -> Picture:
    """Draw accuracies in per cent as a map of rows and columns, each with its number."""
    n_rows, n_columns = table.shape
    figure, axis = new(0.95 * n_columns + 2.2, 0.42 * n_rows + 1.5)
    image = axis.imshow(table, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (i, j), value in np.ndenumerate(table.to_numpy()):
        ink = "white" if value > 55 else INK
        axis.text(j, i, f"{value:.1f}", ha="center", va="center", color=ink)
    axis.set(xticks=range(n_columns), yticks=range(n_rows), xlabel=xlabel, ylabel=ylabel)
    axis.set_xticklabels([str(name).replace(", ", ",\n") for name in table], fontsize=8)
    axis.set_yticklabels(table.index)
    figure.colorbar(image, label="accuracy, %")
    told = "; ".join(
        f"{name}: " + ", ".join(f"{column} {value:.1f}" for column, value in row.items())
        for name, row in table.iterrows()
    )
    return picture(figure, f"Accuracy in per cent. {told}.")


def against(
    x: Sequence[float], lines: Mapping[str, np.ndarray], xlabel: str, ylabel: str
) -> Picture:
    """Draw means and 95 % intervals over subjects against a number.

    Parameters
    ----------
    x : sequence of float
    lines : mapping of str to ndarray (subject, x)
    """
    figure, axis = new(6.4, 3)
    told = []
    for (name, values), colour in zip(lines.items(), CYCLE, strict=False):
        ends = np.array([interval(column) for column in values.T])
        axis.plot(x, values.mean(axis=0), marker="o", ms=4, color=colour, label=title(name))
        axis.vlines(x, ends[:, 0], ends[:, 1], color=colour, lw=1.2, alpha=0.7)
        pairs = ", ".join(f"{a:g}: {b:.1f}" for a, b in zip(x, values.mean(axis=0), strict=True))
        told.append(f"{title(name)} {pairs}")
    axis.axhline(0, color=INK, lw=0.8)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(True, alpha=0.6)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return picture(figure, f"{ylabel} against {xlabel}: {'; '.join(told)}.")


def distances(pairs: pd.DataFrame) -> Picture:
    """Draw accuracy against the distance of sessions, one line a method, with 95 % intervals.

    Parameters
    ----------
    pairs : DataFrame
        As `sessions.pairs` returns it. Shown are models of one session, and distances that three
        of them have.
    """
    once = pairs[pairs["trained"] == 1]
    figure, axis = new(7.4, 3.6)
    step = int(once.loc[once["distance"] > 0, "distance"].min())
    told = []
    for i, (method, rows) in enumerate(once.groupby("method", sort=False)):
        by = {d: each.to_numpy() for d, each in rows.groupby("distance")["accuracy"]}
        x = np.array([d for d, each in by.items() if len(each) > 2])
        mean, ends = ([f(by[d]) for d in x] for f in (np.mean, interval))
        place, colour = x + step * (i - 1) / 6, CYCLE[i]
        axis.plot(place[1:], mean[1:], marker="o", ms=3.5, color=colour, label=title(method))
        axis.plot(place[0], mean[0], "D", ms=5, color=colour)
        axis.vlines(place, *np.transpose(ends), color=colour, lw=1.2, alpha=0.7)
        told.append(
            f"{title(method)} {mean[0]:.1f} % within, {mean[1]:.1f} % in the next, "
            f"{mean[-1]:.1f} % {x[-1]} sessions later"
        )
    for i, name in enumerate(("within", "next", "later")):
        axis.text(i * step, 3, name, rotation=90, ha="center", va="bottom", fontsize=9)
        axis.axvline((i + 0.5) * step, color=INK, ls=":", lw=0.8, alpha=float(i < 2))
    axis.set(
        xlabel="sessions from training to test (bars: 95 % interval of the mean over models)",
        ylabel="accuracy, %",
        ylim=(0, 100),
    )
    axis.grid(True, axis="y", alpha=0.6)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return picture(figure, f"Accuracy against the distance of sessions: {'; '.join(told)}.")

"""Figures that set methods and protocols side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from semg_lib.evaluation import statistics
from semg_lib.figures.style import BLUE, CYCLE, INK, TITLES, VERMILION, Picture, new, picture, title


def ranks(accuracy: pd.DataFrame, *, titles: Mapping[str, str] = TITLES) -> Picture:
    """Draw mean ranks on a line; bars join methods that cannot be told apart.

    Parameters
    ----------
    accuracy : DataFrame (subject, method)
    """
    order = statistics.mean_ranks(accuracy)
    difference = statistics.critical_difference(len(order), len(accuracy))
    groups = statistics.not_told_apart(order, difference)
    names = [title(each, titles) for each in order.index]
    figure, axis = new(7, 1.2 + 0.3 * (len(order) + len(groups)))
    for row, (name, rank) in enumerate(zip(names, order, strict=True)):
        axis.plot([rank, rank], [0, -(row + 1)], color="#b8c0c8", lw=0.8, zorder=0)
        axis.plot(rank, 0, "o", ms=6, color=BLUE)
        side = "right" if rank > (1 + len(order)) / 2 else "left"
        axis.text(
            rank + (-0.06 if side == "right" else 0.06), -(row + 1), f"{name}  {rank:.2f}",
            ha=side, va="center",
        )  # fmt: skip
    below = -(len(order) + 1)
    for row, group in enumerate(groups):
        ends = order[list(group)]
        height = below - 0.7 * row
        axis.plot([ends.min(), ends.max()], [height] * 2, color=VERMILION, lw=4)
    axis.plot([1, 1 + difference], [0.9] * 2, color=INK, lw=1.5, marker="|")
    axis.text(1 + difference, 0.9, f"  critical difference {difference:.2f}", va="center")
    axis.set(
        xlim=(0.8, len(order) + 0.2),
        ylim=(below - 0.7 * len(groups), 1.5),
        xlabel=f"mean rank over {len(accuracy)} subjects (1 is best)",
        yticks=[],
    )
    axis.spines["left"].set_visible(False)
    told = "; ".join(f"{name} {rank:.2f}" for name, rank in zip(names, order, strict=True))
    joined = "; ".join(" and ".join(title(each, titles) for each in g) for g in groups)
    alt = (
        f"Mean ranks over {len(accuracy)} subjects: {told}. Critical difference {difference:.2f}. "
        f"Not told apart: {joined or 'none'}."
    )
    return picture(figure, alt)


def costs(table: pd.DataFrame, *, titles: Mapping[str, str] = TITLES) -> Picture:
    """Draw accuracy against what each method costs, one panel a cost, logarithmic.

    Parameters
    ----------
    table : DataFrame (method, ...)
        Column ``accuracy``, in per cent, and one for each cost, named with its unit.
    """
    prices = [str(name) for name in table if name != "accuracy"]
    figure, axes = new(1 + 3.5 * len(prices), 3.4, 1, len(prices), sharey=True, squeeze=False)
    for axis, price in zip(axes[0], prices, strict=True):
        for (method, row), colour in zip(table.iterrows(), CYCLE, strict=False):
            axis.plot(
                row[price], row["accuracy"], "o", ms=8, color=colour,
                label=title(method, titles),
            )  # fmt: skip
        axis.set(xscale="log", xlabel=price)
        known = table[price][table[price] > 0]
        few = known.max() > 100 * known.min()  # labels of a wide axis would touch
        axis.xaxis.set_major_locator(LogLocator(subs=(1,) if few else (1, 2, 5)))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(True, alpha=0.6)
    axes[0, 0].set_ylabel("accuracy, %")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False,
        fontsize=8,
    )  # fmt: skip
    told = "; ".join(
        f"{title(method, titles)} {row['accuracy']:.1f} %, "
        + ", ".join(f"{price} {row[price]:.3g}" for price in prices if row[price] == row[price])
        for method, row in table.iterrows()
    )
    return picture(figure, f"Accuracy against cost. {told}.")


def gained(table: pd.DataFrame, *, titles: Mapping[str, str] = TITLES) -> Picture:
    """Draw the points that protocols gain, with their intervals, one colour a method.

    Parameters
    ----------
    table : DataFrame (protocol and method, ...)
        As `listing.gained` returns it.
    """
    protocols = list(table.index.unique("protocol"))
    methods = list(table.index.unique("method"))
    figure, axis = new(7.4, 0.42 * len(protocols) + 1.5)
    for i, (method, colour) in enumerate(zip(methods, CYCLE, strict=False)):
        rows = table.xs(method, level="method").reindex(protocols)  # some were not run
        height = [row + 0.22 * (i - (len(methods) - 1) / 2) for row in range(len(protocols))]
        axis.hlines(height, rows["low"], rows["high"], color=colour, lw=1.5)
        axis.plot(rows["gained"], height, "o", ms=5, color=colour, label=title(method, titles))
    axis.axvline(0, color=INK, lw=0.8)
    axis.set(
        yticks=range(len(protocols)),
        yticklabels=protocols,
        ylim=(len(protocols) - 0.4, -0.6),
        xlabel="points gained (bar: 95 % interval of the mean over subjects)",
    )
    axis.grid(True, axis="x", alpha=0.6)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    first = table.xs(methods[0], level="method")
    told = "; ".join(f"{name} {row['gained']:+.1f}" for name, row in first.iterrows())
    alt = f"Points gained by each protocol, {title(methods[0], titles)}: {told}."
    return picture(figure, alt)

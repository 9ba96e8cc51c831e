"""Figures of decisions in order of time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.ticker import LogLocator, NullFormatter

from semg_lib.figures.style import CYCLE, Picture, new, picture, title


def ribbons(said: Mapping[str, np.ndarray], step_ms: float) -> Picture:
    """Draw labels in order of time, one ribbon each: the truth first, then what was decided.

    Parameters
    ----------
    said : mapping of str to ndarray (decision,), int
        Label 0, rest, is white.
    step_ms : float
    """
    names = sorted({int(each) for values in said.values() for each in np.unique(values)} - {0})
    colours = ["white", *(CYCLE[i % 7] for i in range(len(names)))]
    places = np.stack([np.searchsorted([0, *names], values) for values in said.values()])
    figure, axis = new(7.6, 0.42 * len(said) + 1.0)
    seconds = places.shape[1] * step_ms / 1000
    axis.imshow(
        places, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(names) + 0.5, aspect="auto",
        interpolation="nearest", extent=(0, seconds, len(said) - 0.5, -0.5),
    )  # fmt: skip
    axis.hlines(np.arange(len(said) - 1) + 0.5, 0, seconds, color="white", lw=3)
    axis.set_yticks(range(len(said)), list(said))
    axis.set(xlabel="seconds of test stretches; a colour a movement, rest is white")
    truth, *others = said.values()
    told = "; ".join(
        f"{name} is right in {100 * (each == truth).mean():.0f} %"
        for name, each in zip(list(said)[1:], others, strict=True)
    )
    return picture(figure, f"{seconds:.0f} seconds of decisions below the truth: {told}.")


def waiting(told: pd.DataFrame, rules: Mapping[str, str]) -> Picture:
    """Draw what waiting brings against what it costs, a line a method, a dot a rule.

    Parameters
    ----------
    told : DataFrame (rule, method)
        Of ``studies.streaming.table``: delay, then false activations and executions carried out.
    rules : mapping of str to str
        Those to join, in order, and what to write beside the lowest line's dots.
    """
    delay = "delay, ms"
    figure, axes = new(7.6, 3.8, 1, 2)
    lines = []
    for colour, method in zip(CYCLE, told.index.unique("method"), strict=False):
        own = told.xs(method, level="method").loc[list(rules)]
        for axis, value in zip(
            axes, ("false activations a minute", "of executions, %"), strict=True
        ):
            axis.plot(own[delay], own[value], marker="o", ms=4, color=colour, label=title(method))
            axis.set(xlabel="median delay from the muscles' onset, ms", ylabel=value)
            axis.grid(True, alpha=0.6)
        first, last = own.iloc[0], own.iloc[-1]
        lines.append(
            f"{title(method)} from {first.iloc[-1]:.0f} to {last.iloc[-1]:.0f} a minute, "
            f"{first[delay]:.0f} to {last[delay]:.0f} ms"
        )
    axes[0].set_yscale("log")
    axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].yaxis.set_minor_formatter(NullFormatter())
    axes[1].set_ylabel("executions carried out, %")
    least = told.loc[[list(rules)[-1]], "false activations a minute"].droplevel("rule").idxmin()
    own = told.xs(least, level="method").loc[list(rules)]
    for rule, short in rules.items():
        place = own.loc[rule, delay], own.loc[rule, "false activations a minute"]
        below = {"textcoords": "offset points", "xytext": (-5, -9), "ha": "right"}
        axes[0].annotate(short, place, fontsize=8, **below)
    left, low = axes[0].get_xlim()[0], axes[0].get_ylim()[0]
    axes[0].set(xlim=(left - 150, None), ylim=(0.85 * low, None))  # room for what is written there
    drawn = axes[1].get_legend_handles_labels()
    figure.legend(*drawn, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return picture(figure, f"False activations against delay: {'; '.join(lines)}.")

"""How every picture looks: colours, titles of methods, and pictures with a text that tells them."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import PIL.Image
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, INK = "#CC79A7", "#56B4E9", "#F0E442", "#24292f"
CYCLE = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, INK)
HEAT = "YlGnBu"  # from paper to ink, so that on a dark page it goes from dark to light

_STYLE: dict[RcKeyType, Any] = {
    "figure.dpi": 160,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.prop_cycle": cycler(color=CYCLE),
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#d8dee4",
}

# Methods by the names that readers see.
TITLES = {
    "cnn": "CNN",
    "lda": "LDA",
    "knn": "kNN",
    "svm": "SVM",
    "random_forest": "Random Forests",
    "cnn_none": "CNN, no recalibration",
    "cnn_last": "CNN, Last-Only",
    "cnn_all": "CNN, All-Session",
    "cnn_oracle": "CNN, oracle",
    "svm_none": "SVM, no recalibration",
    "svm_last": "SVM, Last-Only",
    "svm_all": "SVM, All-Session",
}
# How the lines of these methods are drawn: a colour a kind, a dash a mode.
LINES = {"cnn": BLUE, "svm": ORANGE}
DASHES = {"none": ":", "last": "-", "all": "--", "oracle": "-."}


def title(method: object, titles: Mapping[str, str] = TITLES) -> str:
    """Return a method's name as readers see it."""
    return titles.get(str(method), str(method))


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure as a notebook shows it: an image with alternative text."""

    png: bytes
    alt: str
    width: int  # on the page, pixels

    def _repr_mimebundle_(self, **_) -> tuple[dict, dict]:
        data = {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt, "width": self.width}}

    def save(self, path: str | Path) -> None:
        """Write the image to a PNG file."""
        Path(path).write_bytes(self.png)


def new(width: float, height: float, rows: int = 1, columns: int = 1, **options):
    """Return a figure (inches) and its axes, in the book's style."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
        return figure, figure.subplots(rows, columns, **options)


def name_above(axis, name: str) -> None:
    """Write what a small picture shows above it, in as many lines as it takes."""
    axis.set_title(textwrap.fill(name, 17), fontsize=8)


def picture(figure: Figure, alt: str) -> Picture:
    """Finish a figure."""
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="png", metadata={"Software": None})
    # With a palette of 256 colours a picture looks the same and has a third of the size.
    image = PIL.Image.open(buffer).convert("RGB")
    small = io.BytesIO()
    image.quantize(256, dither=PIL.Image.Dither.NONE).save(small, "PNG", optimize=True)
    return Picture(small.getvalue(), alt, round(figure.get_figwidth() * 100))

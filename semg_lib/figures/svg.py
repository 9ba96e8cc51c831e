"""Drawings as SVG: outlines, arrows, and the frame that names what is drawn.

Lines have the colour of the text around them, so that a page can be dark; what is filled bears a
class for the page's style sheet, and is white without one.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

import numpy as np
from scipy.spatial import ConvexHull


def drawing(kind: str, box: str, name: str, parts: Iterable[str], look: str) -> str:
    """Return an SVG with a name that is read aloud.

    Parameters
    ----------
    kind : str
        Its class for the style sheet.
    box : str
        The viewBox.
    name : str
        What it shows.
    parts : iterable of str
        Elements, farthest first.
    look : str
        More attributes.
    """
    said = html.escape(name)
    return (
        f'<svg class="{kind}" viewBox="{box}" role="img" aria-label="{said}" '
        f'stroke="currentColor" stroke-linejoin="round" stroke-linecap="round" {look}>'
        f"<title>{said}</title>{''.join(parts)}</svg>"
    )


def outline(at: np.ndarray, radius: np.ndarray, k: int = 48) -> str:
    """Return the hull of circles as a path of lines and arcs.

    Parameters
    ----------
    at : ndarray (circle, 2)
        Centres, y down the page.
    radius : ndarray (circle,)
    k : int
        Points that each circle is tried at.
    """
    angle = np.arange(k) * 2 * np.pi / k
    circles = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius.clip(0.1)[:, None, None]
    points = (at[:, None] + circles).reshape(-1, 2)
    corners = ConvexHull(points).vertices
    owner = corners // k
    first = np.flatnonzero(owner != np.roll(owner, 1))
    path, begin = "", first[0] if len(first) else 0
    runs = np.split(np.roll(corners, -begin), (first - begin)[1:])
    if len(first) < 2:  # one circle covers all: two arcs
        runs = [corners[: k // 2 + 1], corners[k // 2 :]]
    for run in runs:
        r = radius[run[0] // k]
        (x, y), (u, v) = points[run[0]], points[run[-1]]
        path += f"{'L' if path else 'M'}{x:.1f} {y:.1f}"
        if len(run) > 1 and r > 1:
            path += f"A{r:.1f} {r:.1f} 0 {int(len(run) > k // 2 + 1)} 1 {u:.1f} {v:.1f}"
    return path + "Z"


def curve(points: np.ndarray) -> str:
    """Return the path of a Bézier curve of four points, (4, 2)."""
    a, b, c, d = (f"{x:.0f} {y:.0f}" for x, y in points)
    return f"M{a}C{b} {c} {d}"


def arrow(points: np.ndarray) -> str:
    """Return the path of an arrow along points, (point, 2)."""
    tip, back = points[-1], points[-2] - points[-1]
    back = back / max(np.hypot(*back), 1e-6) * 10
    aside = 0.7 * back[::-1] * (-1, 1)
    barbs = tip + back + aside, tip + back - aside
    line = "L".join(f"{x:.0f} {y:.0f}" for x, y in points)
    a, c = (f"{x:.0f} {y:.0f}" for x, y in barbs)
    return f"M{line}M{a}L{tip[0]:.0f} {tip[1]:.0f}L{c}"

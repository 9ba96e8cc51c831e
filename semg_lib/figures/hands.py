"""Line drawings of hands: a small skeleton, posed by joint angles and drawn as SVG.

The angles stand in ``hands.csv``. They are ours: set by eye after the movements' names, or found
by bending fingers until their tips touch what is held; measured
on nobody. A hand is a right one. Its frame, in millimetres: x to the thumb's side, y to the
fingertips, z out of the palm, the wrist at 0. Everything is a hull of spheres, and its outline one
of circles. What lies farther away is drawn first.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from semg_lib.figures import svg

_LINE, _SIDE = 3.0, 236  # of a drawing
# Knuckle, lengths of the three bones, radii at knuckle, joints and tip.
_FINGERS = {
    "index": ((27, 88, 0), (42, 25, 18), (10.5, 9.5, 8.6, 7.4)),
    "middle": ((7, 92, 1), (47, 29, 19), (10.5, 9.8, 8.8, 7.6)),
    "ring": ((-13, 88, 0), (43, 27, 19), (10.2, 9.2, 8.3, 7.2)),
    "little": ((-31, 78, -2), (33, 20, 16), (9.2, 8.1, 7.3, 6.4)),
}
_THUMB = ((20, 22, 8), (44, 32, 22), (15.0, 12.0, 10.6, 8.6))
_PALM = ((15, 6, 0, 13), (-15, 6, 0, 13), (-27, 30, 3, 13))  # x, y, z, radius, beside the knuckles
_CREASES = (
    ((28, 66, 9), (12, 60, 11), (3, 44, 12), (0, 18, 12)),
    ((-40, 62, 8), (-20, 64, 9), (0, 72, 9), (14, 82, 9)),
)


@dataclass(frozen=True)
class Posture:
    """A row of ``hands.csv``; angles in degrees.

    Attributes
    ----------
    view : tuple of float
        Turn of the arm about its axis, 0 with the palm to the reader and 180 with the back; tilt
        towards the reader; turn in the plane of the page.
    wrist : tuple of float
        Flexion and deviation to the thumb's side.
    thumb : tuple of float
        How far its metacarpal leaves the index finger's in the palm's plane, and out of it; turn
        about its axis; flexion of its two joints.
    fingers : sequence of tuple
        For each finger abduction to the thumb's side and flexion of its three joints.
    things : sequence of tuple
        What is held: a kind, and its numbers; see `_thing`.
    """

    view: tuple[float, ...]
    wrist: tuple[float, ...]
    thumb: tuple[float, ...]
    fingers: Sequence[tuple[float, ...]]
    things: Sequence[tuple[str, tuple[float, ...]]] = ()


@dataclass
class _Part:
    """A hull of spheres, and what joins it to another."""

    at: np.ndarray  # (sphere, 3)
    radius: np.ndarray  # (sphere,)
    kind: str = "skin"
    nearer: float = 0.0  # mm added to its depth
    joined: tuple[int, list[int]] | None = None  # other part, and the spheres shared with it
    into: list[int] | None = None  # the other's spheres that it opens to; all if None
    out: np.ndarray | None = None  # seen only if this direction points to the reader


@cache
def postures() -> dict[str, Posture]:
    """Return the postures by the movements' names."""

    def numbers(text: str) -> tuple[float, ...]:
        return tuple(map(float, text.split()))

    def held(row: dict[str, str]) -> list[str]:
        return row["held"].split("+") if row["held"] else []

    with Path(__file__).with_name("hands.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        row["movement"]: Posture(
            numbers(row["view"]),
            numbers(row["wrist"]),
            numbers(row["thumb"]),
            [numbers(row[finger]) for finger in _FINGERS],
            [(each.split()[0], numbers(each.partition(" ")[2])) for each in held(row)],
        )
        for row in rows
    }


def _turn(axis: int, degrees: float) -> np.ndarray:
    """Return the rotation about an axis; about x it takes y to z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.eye(3)
    turn[[a, a, b, b], [a, b, a, b]] = c, -s, s, c
    return turn


def _thumb_frame(planar: float, palmar: float, about: float) -> np.ndarray:
    """Return the thumb's own x, y (along the bone) and z (to its pad's side), in columns."""
    along = _turn(2, -planar) @ _turn(0, palmar) @ (0, 1, 0)
    across = np.cross((-1, 0, 0), along)
    across /= np.linalg.norm(across)
    inner = np.cross(along, across)  # to the little finger's side
    pad = np.cos(np.radians(about)) * inner + np.sin(np.radians(about)) * across
    return np.column_stack([np.cross(along, pad), along, pad])


def _bones(
    start: Sequence[float],
    frame: np.ndarray,
    flexions: Sequence[float],
    lengths: Sequence[float],
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the joints of a finger, (4, 3), and the frames of its bones."""
    joints, frames = [np.array(start, float)], []
    for flexion, length in zip(flexions, lengths, strict=True):
        frame = frame @ _turn(0, flexion)
        joints.append(joints[-1] + length * frame[:, 1])
        frames.append(frame)
    return np.array(joints), frames


def _thing(kind: str, numbers: Sequence[float], before: int) -> list[_Part]:
    """Return what is held, or an arrow; ``before`` is how many parts there are already.

    All begin with x y z: ``ball``, radius; ``rod``, length, radius, turns about z and x (0 0:
    along x); ``plate``, width, height, turns about x, y and z (0 0 0: in the palm's plane);
    ``turn``, radius, first angle, sweep, axis (0 to 2); ``push``, the arrow's x y z.
    """
    centre, rest = np.array(numbers[:3]), numbers[3:]
    if kind == "turn":
        radius, start, sweep, axis = rest
        angle = np.radians(start + sweep * np.linspace(0, 1, 24))
        across, along = np.roll(np.eye(3), int(axis) + 1, axis=1)[[1, 0]]
        ring = radius * (np.sin(angle)[:, None] * along + np.cos(angle)[:, None] * across)
        return [_Part(centre + ring, np.zeros(24), "arrow", 500)]
    if kind == "push":
        return [_Part(np.array([centre, centre + rest]), np.zeros(2), "arrow", 500)]
    if kind == "ball":
        return [_Part(centre[None], np.array(rest[:1]), "thing")]
    if kind == "plate":
        w, h = rest[0] / 2, rest[1] / 2
        turn = _turn(2, rest[4]) @ _turn(1, rest[3]) @ _turn(0, rest[2])
        corners = np.array([(x, y, 0) for x in (-w, w) for y in (-h, h)]) @ turn.T
        return [_Part(centre + corners, np.full(4, 1.0), "thing")]
    length, radius, about_z, about_x = rest
    turn = _turn(0, about_x) @ _turn(2, about_z)
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    rim = np.column_stack([np.zeros(20), radius * np.cos(angle), radius * np.sin(angle)]) @ turn.T
    n = max(1, round(length / 20)) if radius > 12 else 1  # thick ones reach before and behind
    stops = [centre + turn[:, 0] * length * (i / n - 0.5) for i in range(n + 1)]
    parts = [
        _Part(
            np.vstack([a + rim, b + rim]),
            np.full(40, 0.5),
            "thing",
            joined=(before + i - 1, list(range(20))) if i else None,
        )
        for i, (a, b) in enumerate(pairwise(stops))
    ]
    ends = [(stops[0], -1), (stops[-1], 1)]
    return parts + [
        _Part(end + rim, np.full(20, 0.5), "thing", 6, out=sign * turn[:, 0]) for end, sign in ends
    ]


def _parts(posture: Posture) -> list[_Part]:
    """Return everything of a posture in the frame of the forearm."""
    knuckles = [(*at, radii[0] + 0.5) for at, _, radii in _FINGERS.values()]
    palm = np.array([*_PALM, *knuckles], float)
    parts = [_Part(palm[:, :3], palm[:, 3])]
    parts += [
        _Part(np.array(crease, float), np.zeros(4), "crease", 14, out=np.array((0, 0, 1.0)))
        for crease in _CREASES
    ]
    web = np.array([(16, 24, 4, 12), (26, 62, 0, 9)], float)
    start, lengths, radii = _THUMB
    frame = _thumb_frame(*posture.thumb[:3])
    web = np.vstack([web, [*(start + 36 * frame[:, 1]), 10]])
    parts.append(_Part(web[:, :3], web[:, 3], nearer=-60))
    limbs = [(start, frame, (0, *posture.thumb[3:]), lengths, radii)]
    for (at, lengths, radii), (abduction, *flexions) in zip(
        _FINGERS.values(), posture.fingers, strict=True
    ):
        limbs.append((at, _turn(2, -abduction), tuple(flexions), lengths, radii))
    for number, (at, frame, bent, lengths, radii) in enumerate(limbs):
        joints, frames = _bones(at, frame, bent, lengths)
        for bone in range(3):
            ends = slice(bone, bone + 2)
            other = len(parts) - 1 if bone else 0
            part = _Part(joints[ends], np.array(radii[ends]), joined=(other, [0]))
            part.into = [0] if number == bone == 0 else None  # the thumb's, to the wrist
            parts.append(part)
        side, along, pad = frames[-1].T
        nail = joints[-1] - pad * radii[-1] * 0.8
        corners = [nail + along * y + side * x for x in (-2.2, 2.2) for y in (-4, 2)]
        parts.append(_Part(np.array(corners), np.full(4, 2.2), "nail", 8, out=-pad))
    for kind, numbers in posture.things:
        parts += _thing(kind, numbers, len(parts))
    flexion, deviation = posture.wrist
    wrist = _turn(2, -deviation) @ _turn(0, flexion)
    for part in parts:
        part.at = part.at @ wrist.T
        part.out = None if part.out is None else wrist @ part.out
    arm = np.array([(15, 0, 0), (-15, 0, 0), (24, -260, 0), (-24, -260, 0)], float)
    return [*parts, _Part(arm, np.array((13, 13, 22, 22.0)), joined=(0, [0, 1]))]


def _opening(
    parts: list[_Part], here: int, there: int, spheres: list[int], earlier: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the circles that take away the line between two joined parts.

    The line stays where one folds over the other or points to the reader.
    """
    one, two = parts[here], parts[there]
    joint, radius = one.at[spheres, :2], one.radius[spheres]
    middle = joint.mean(axis=0)
    ends = one.at, two.at if one.into is None else two.at[one.into]
    ways = [at[:, :2].mean(axis=0) - middle for at in ends]
    lengths = [float(np.hypot(*way)) for way in ways]
    thing = one.kind == "thing"
    short = min(lengths) < (2 if thing else 0.7 * radius.max())
    if short or ways[0] @ ways[1] > 0.3 * lengths[0] * lengths[1]:
        return None
    way = ways[earlier == there] / lengths[earlier == there]
    if thing:
        joint = middle + (joint - middle) * (1 - 0.6 * _LINE / np.ptp(joint, axis=0).max())
    moved = joint + way * (5 if thing else 1.25 * radius.max())
    return np.vstack([joint, moved]), np.concatenate([radius, 0.9 * radius]) - 0.5 * _LINE


def draw(posture: Posture, title: str) -> str:
    """Return the drawing of a posture as SVG, its lines in the text's colour."""
    parts = _parts(posture)
    yaw, pitch, roll = posture.view
    view = _turn(2, roll) @ _turn(0, pitch) @ _turn(1, yaw)
    for part in parts:
        part.at = part.at @ view.T * (1, -1, 1)  # down the page
        part.out = None if part.out is None else view @ part.out
    seen = np.vstack([part.at for part in parts[:-1] if part.kind != "crease"])
    corner = (seen.max(axis=0) + seen.min(axis=0))[:2] / 2 - _SIDE / 2
    for part in parts:
        part.at[:, :2] -= corner
    order = sorted(range(len(parts)), key=lambda i: parts[i].at[:, 2].mean() + parts[i].nearer)
    joins = [(i, *part.joined) for i, part in enumerate(parts) if part.joined]
    drawn: list[int] = []
    paths = []
    for number in order:
        part = parts[number]
        drawn.append(number)
        if part.out is not None and part.out[2] < 0.4:
            continue
        if part.kind in ("crease", "arrow"):
            line = (svg.arrow if part.kind == "arrow" else svg.curve)(part.at[:, :2])
            paths.append(f'<path class="{part.kind}" d="{line}" fill="none"/>')
            continue
        outline = svg.outline(part.at[:, :2], part.radius)
        paths.append(f'<path class="{part.kind}" d="{outline}"/>')
        for here, there, spheres in joins:
            if number in (here, there) and here in drawn and there in drawn:
                opening = _opening(parts, here, there, spheres, earlier=here + there - number)
                if opening is not None:
                    hole = svg.outline(*opening)
                    paths.append(f'<path class="{part.kind}" style="stroke:none" d="{hole}"/>')
    box = f"0 0 {_SIDE} {_SIDE}"
    return svg.drawing("hand", box, title, paths, f'fill="white" stroke-width="{_LINE:g}"')

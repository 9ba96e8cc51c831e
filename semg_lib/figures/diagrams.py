"""Diagrams as SVG: a network's layers, and electrodes around a forearm.

Lines and letters have the text's colour, so that a page can be dark.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn

from semg_lib.figures import svg
from semg_lib.learning.networks import Local

_GAP, _WIDE = 14, 340  # between a diagram's boxes, and its width: a phone's


def _told(layer: nn.Module) -> str:
    """Return what a layer is, in a few words."""

    def by(size: int | tuple[int, ...]) -> str:
        return " × ".join(map(str, (size, size) if isinstance(size, int) else size))

    if isinstance(layer, Local):
        each = layer.out_channels // layer.groups
        return f"{layer.groups} × {each} kernels of 1 × 1, a pixel's own"
    if isinstance(layer, nn.Conv2d):
        return f"{layer.out_channels} kernels of {by(layer.kernel_size)}"
    if isinstance(layer, nn.Linear):
        return f"dense, {layer.out_features}"
    if isinstance(layer, nn.AvgPool2d | nn.MaxPool2d):
        kind = "average" if isinstance(layer, nn.AvgPool2d) else "maximum"
        return f"{kind} of {by(layer.kernel_size)}"
    if isinstance(layer, nn.Dropout):
        return f"dropout {layer.p:g}"
    names = {
        "ReLU": "ReLU",
        "BatchNorm1d": "batch norm",
        "BatchNorm2d": "batch norm",
        "Flatten": "",
    }
    return names[type(layer).__name__]  # whatever else a network has needs words of its own


def _boxes(layers: Iterable[nn.Module], sizes: dict[nn.Module, tuple[int, ...]]) -> list[list[str]]:
    """Return the lines of each convolution and dense layer: what follows it, and the size then."""
    boxes: list[list[str]] = []
    for layer in layers:
        told = _told(layer)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            boxes.append([told, ""])
        elif boxes and isinstance(layer, nn.AvgPool2d | nn.MaxPool2d):
            boxes[-1].insert(-1, told)
        elif boxes and told and len(boxes[-1]) > 2:
            boxes[-1][-2] += f", {told}"
        elif boxes and told:
            boxes[-1].insert(-1, told)
        if boxes:
            boxes[-1][-1] = " × ".join(map(str, sizes[layer]))
    return boxes


def network(module: Any, name: str) -> str:
    """Return a network drawn from its own layers; blocks side by side where it has a list of them.

    Sizes are those that a window of zeros takes on its way through the network.
    """
    n_channels, n_samples = module.n_channels, module.n_samples
    leaves = [each for each in module.modules() if not any(True for _ in each.children())]
    sizes: dict[nn.Module, tuple[int, ...]] = {}
    entered: list[tuple[int, ...]] = []

    def seen(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        entered.append(tuple(inputs[0].shape[1:]))
        sizes[layer] = tuple(output.shape[1:])

    hooks = [leaf.register_forward_hook(seen) for leaf in leaves]
    was_training = module.training
    with torch.no_grad():
        module.eval()(torch.zeros(1, n_channels, n_samples))
    module.train(was_training)
    for hook in hooks:
        hook.remove()
    image = " × ".join(map(str, entered[0]))
    rows = [[["a window", f"{n_channels} electrodes × {n_samples} numbers", f"as {image}"]]]
    inside: list[nn.Module] = []
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            columns = [_boxes([e for e in each.modules() if e in sizes], sizes) for each in child]
            rows += [list(row) for row in zip(*columns, strict=True)]
        else:
            inside += [each for each in child.modules() if each in sizes]
    rows += [[box] for box in _boxes(inside, sizes)]
    rows[-1][0].insert(1, "softmax")
    return _drawn(rows, f"{name}: its layers, from the window to the classes")


def _drawn(rows: list[list[list[str]]], title: str) -> str:
    """Return rows of boxes, with arrows from one to the next."""
    parts, top = [], 2
    above: list[float] = []  # middles of the boxes above
    for row in rows:
        wide = (_WIDE - 4 - (len(row) - 1) * _GAP) / len(row)
        high = 17 * max(map(len, row)) + 8
        middles = [2 + wide / 2 + column * (wide + _GAP) for column in range(len(row))]
        starts = above if len(row) == 1 else middles  # two meet in one, or each has its own
        parts += [
            f'<path d="M{x:g} {top - _GAP}V{top - 3}m-4 -4l4 4l4 -4"/>' for x in starts if above
        ]
        for middle, lines in zip(middles, row, strict=True):
            place = f'x="{middle - wide / 2:g}" y="{top}" width="{wide:g}" height="{high}"'
            parts.append(f'<rect {place} rx="6"/>')
            for number, text in enumerate(lines):
                look = "" if number else ' font-weight="600"'
                place = f'x="{middle:g}" y="{top + 17 + 17 * number}"'
                parts.append(f"<text {place}{look}>{html.escape(text)}</text>")
        above, top = middles, top + high + _GAP
    look = 'fill="none" font-size="13" text-anchor="middle"'
    return svg.drawing("diagram", f"0 0 {_WIDE} {top - _GAP + 2}", title, parts, look)


# On a right arm from behind, its hand to the right: where a muscle's electrode lies, and if on the
# side that is seen.
_SPOTS = {
    "flexor digitorum superficialis": (196, 112, False),
    "extensor digitorum superficialis": (190, 82, True),
    "biceps brachii": (54, 60, True),
    "triceps brachii": (46, 122, True),
}
_ARM = (
    "M4 58C40 44 78 54 106 62C140 56 172 66 262 80C270 77 276 70 284 62L300 54C308 51 312 57 307 62"
    "L294 77L312 79L346 79C353 79 354 87 348 88C356 88 357 97 350 97C356 97 356 106 348 106C353 106"
    " 352 114 344 114L306 116C290 118 276 114 262 114C190 128 150 134 118 126C84 132 40 134 4 128"
)
_BETWEEN_FINGERS = "M348 88L312 88M350 97L312 97M348 106L312 106"


def arm(ring: int, muscles: Iterable[str], title: str) -> str:
    """Return an arm with a ring of electrodes below the elbow, and others on muscles.

    The ring's far side is dashed. Where around the forearm its first electrode lies is not shown:
    the numbers of a database's columns are no places here.
    """
    parts = [f'<path class="skin" fill="white" d="{_ARM}"/>', f'<path d="{_BETWEEN_FINGERS}"/>']
    across, along = 36, 9  # of the ring as it is seen
    parts.append(
        f'<path d="M140 60A{along} {across} 0 0 0 140 132" />'
        f'<path stroke-dasharray="4 3" d="M140 60A{along} {across} 0 0 1 140 132"/>'
    )
    worn = []
    for number in range(ring):
        angle = (number + 0.25) * 2 * np.pi / ring
        x, y = 140 + along * np.sin(angle), 96 - across * np.cos(angle)
        worn.append((x, y, bool(np.sin(angle) < 0), "in the ring"))
    worn += [(*_SPOTS[muscle], muscle) for muscle in muscles]
    for x, y, seen, where in worn:
        look = 'class="thing" fill="currentColor"' if seen else 'stroke-dasharray="2 2"'
        place = f'x="{x - 5.5:.0f}" y="{y - 4:.0f}" width="11" height="8" rx="2"'
        parts.append(f"<rect {look} {place}><title>{where}</title></rect>")
    return svg.drawing("arm", "0 36 360 106", title, parts, 'fill="none" stroke-width="1.6"')

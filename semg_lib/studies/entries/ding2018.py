"""Ding's C-B1PB2 on 100 ms of z-scores."""

from __future__ import annotations

from semg_lib.learning.methods import Method
from semg_lib.papers import ding2018
from semg_lib.studies.entries import Look

TITLE = "Ding's C-B1PB2"


def look(settings: ding2018.Settings) -> Look:
    """Return what the network sees."""
    return Look(settings.window_ms)


def method(settings: ding2018.Settings) -> Method:
    """Return the paper's two blocks side by side."""
    return ding2018.METHODS["C-B1PB2"](settings)

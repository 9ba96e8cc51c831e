"""Atzori's CNN on 150 ms of envelopes."""

from __future__ import annotations

from semg_lib.learning.methods import Method
from semg_lib.papers import atzori2016
from semg_lib.studies.entries import Look

TITLE = "Atzori's CNN"


def look(settings: atzori2016.Settings) -> Look:
    """Return what the network sees."""
    return Look(settings.window_ms, rate_hz=settings.rate_hz)


def method(settings: atzori2016.Settings) -> Method:
    """Return the paper's CNN."""
    return atzori2016.METHODS["cnn"](settings)

"""Template's network on envelopes: how it enters the comparison and streams."""

from __future__ import annotations

from semg_lib.learning.methods import Method
from semg_lib.papers import template2000
from semg_lib.studies.entries import Look

TITLE = "Template's CNN"  # among the other papers' networks


def look(settings: template2000.Settings) -> Look:
    """Return what the network sees of a decision."""
    return Look(settings.window_ms, rate_hz=settings.rate_hz)


def method(settings: template2000.Settings) -> Method:
    """Return the method that is compared with other papers'."""
    return template2000.METHODS["cnn"](settings)

"""Decoding hand movements from surface EMG: the library behind the book DL-for-sEMG.

What a notebook or a script of your own begins with is here by its bare name; everything else is in
its room. A name is imported when it is first asked for, so ``import semg_lib`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semg_lib.evaluation.records import load_records
    from semg_lib.learning.methods import ClassicalMethod, NetworkMethod, compare
    from semg_lib.learning.training import Recipe, fit, predict
    from semg_lib.papers import PAPERS
    from semg_lib.recordings.databases import Database, Exercise, register
    from semg_lib.recordings.ninapro import load
    from semg_lib.recordings.recording import Recording, give_rest_a_repetition
    from semg_lib.recordings.simulator import simulate
    from semg_lib.signals.features import extract
    from semg_lib.signals.preprocessing import Standardiser
    from semg_lib.signals.protocol import Protocol
    from semg_lib.signals.splits import audit, by_repetition
    from semg_lib.signals.windows import cut, thin_rest

__version__ = "0.1.0"

__all__ = [
    "PAPERS",
    "ClassicalMethod",
    "Database",
    "Exercise",
    "NetworkMethod",
    "Protocol",
    "Recipe",
    "Recording",
    "Standardiser",
    "audit",
    "by_repetition",
    "compare",
    "cut",
    "extract",
    "fit",
    "give_rest_a_repetition",
    "load",
    "load_records",
    "predict",
    "register",
    "simulate",
    "thin_rest",
]

_HOME = {
    "PAPERS": "papers",
    "ClassicalMethod": "learning.methods",
    "Database": "recordings.databases",
    "Exercise": "recordings.databases",
    "NetworkMethod": "learning.methods",
    "Protocol": "signals.protocol",
    "Recipe": "learning.training",
    "Recording": "recordings.recording",
    "Standardiser": "signals.preprocessing",
    "audit": "signals.splits",
    "by_repetition": "signals.splits",
    "compare": "learning.methods",
    "cut": "signals.windows",
    "extract": "signals.features",
    "fit": "learning.training",
    "give_rest_a_repetition": "recordings.recording",
    "load": "recordings.ninapro",
    "load_records": "evaluation.records",
    "predict": "learning.training",
    "register": "recordings.databases",
    "simulate": "recordings.simulator",
    "thin_rest": "signals.windows",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value  # the next time it is found without asking here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

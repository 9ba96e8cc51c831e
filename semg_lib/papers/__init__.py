"""The papers, by name, in order of their years: every module of this package is one.

A paper's module has `METHODS`, `RECIPES`, `REPORTED`; `STUDIES`, a function a name; `DATABASES`,
those its methods can take, with the exercises of a run that names none; a dataclass `Settings`
with ``named``; ``replicate``; and ``claims``.
"""

import importlib
import pkgutil

PAPERS = {
    name: importlib.import_module(f"{__name__}.{name}")
    for name in sorted((each.name for each in pkgutil.iter_modules(__path__)), key=lambda n: n[-4:])
}

"""The papers, by name, in order of their years: every module of this package is one.

A paper's module has `METHODS`, `RECIPES`, `REPORTED`; `STUDIES`, a `Study` a name; `DATABASES`,
those its methods can take, with the exercises of a run that names none; a dataclass `Settings`
with ``named``; ``replicate``; and ``claims``.
"""

import importlib
import pkgutil
import re


def by_year(name: str) -> tuple[str, str]:
    """Return what papers are sorted by: the year in the name, then the name."""
    year = re.search(r"\d{4}", name)
    return (year[0] if year else "", name)


PAPERS = {
    name: importlib.import_module(f"{__name__}.{name}")
    for name in sorted((each.name for each in pkgutil.iter_modules(__path__)), key=by_year)
}

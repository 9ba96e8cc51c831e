"""Sphinx extension: before every build, make what pages show of the records from results/.

Tables and numbers of the chapters, and the outputs of the cells of executed copies that only show
records.
"""

import shutil
from pathlib import Path

import pandas as pd

from semg_lib.evaluation import records
from semg_lib.publishing import chapters, executed

PAGES = "book/executed/"


def _write(app, config) -> None:
    numbers = chapters.write(Path(app.srcdir) / "book" / "generated")
    config.myst_substitutions = {**config.myst_substitutions, **numbers}
    # Every paper brings its own reference.
    papers = sorted(Path(app.srcdir).glob("book/papers/*.bib"))
    own = [path.relative_to(app.srcdir).as_posix() for path in papers]
    config.bibtex_bibfiles = [*config.bibtex_bibfiles, *own]
    executed.all_shown(Path(app.srcdir, PAGES).glob("*.ipynb"), _kept(app))


def _kept(app) -> Path:
    return Path(app.srcdir) / "_build" / "from-results"


def _fill(app, docname, source) -> None:
    path = Path(app.srcdir, f"{docname}.ipynb")
    if docname.startswith(PAGES):
        shown = executed.shown(path, _kept(app))
        # A changed record changes the file's name: the page is then read again.
        app.env.note_dependency(str(shown))
        source[0] = shown.read_text(encoding="utf-8")


def _download(app, error) -> None:
    """Give readers who download a page's notebook its clean source, which runs anywhere.

    The executed copy has parameters of the machine it ran on.
    """
    for path in Path(app.outdir, "_sources", PAGES).glob("*.ipynb"):
        shutil.copy(Path(app.srcdir, "notebooks", path.name), path)


# What tells one run's scores from another's.
_RUN = ("paper", "database", "exercises", "simulated", "study", "recipe", "preset", "seed", "date")


def scores(folder: Path) -> pd.DataFrame:
    """Return every score of a folder's records, a row each, with what was run."""
    read = [records.load_record(path) for path in sorted(folder.glob("*.json"))]
    return pd.DataFrame(
        [
            {name: getattr(each, name) for name in _RUN} | score.model_dump()
            for each in read
            for score in each.scores
        ]
    )


def _tables(app, error) -> None:
    """Lay every chapter's scores beside the pages that show them."""
    if error or app.builder.format != "html":
        return
    place = Path(app.outdir, "_static", "records")
    place.mkdir(parents=True, exist_ok=True)
    for folder in {path.parent for path in records.RESULTS.glob("*/*.json")}:
        scores(folder).to_csv(place / f"{folder.name}.csv", index=False)


def setup(app) -> dict:
    # Before MyST-Parser reads its configuration, which it does at the default priority.
    app.connect("config-inited", _write, priority=1)
    app.connect("source-read", _fill)
    app.connect("build-finished", _download)
    app.connect("build-finished", _tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: before every build, make the pages' tables and numbers from results/."""

from pathlib import Path

from semg_lib.publishing import chapters


def _write(app, config) -> None:
    numbers = chapters.write(Path(app.srcdir) / "book" / "generated")
    config.myst_substitutions = {**config.myst_substitutions, **numbers}
    # Every paper brings its own reference.
    papers = sorted(Path(app.srcdir).glob("book/papers/*.bib"))
    own = [path.relative_to(app.srcdir).as_posix() for path in papers]
    config.bibtex_bibfiles = [*config.bibtex_bibfiles, *own]


def setup(app) -> dict:
    # Before MyST-Parser reads its configuration, which it does at the default priority.
    app.connect("config-inited", _write, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

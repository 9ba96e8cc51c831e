"""Making the book: staged with fresh runs, from the committed copies, or replicated anew.

``python -m semg_lib.publishing.build fresh | site | pdf | replicate | expect | serve``
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import papermill
from nbformat import NotebookNode

from semg_lib.errors import DataError, check_name, command
from semg_lib.evaluation.records import RECORD, RESULTS, load_record
from semg_lib.evaluation.writing import write_atomically
from semg_lib.papers import PAPERS
from semg_lib.publishing import chapters, executed, expected, pdf, runtime, sources
from semg_lib.publishing.chapters import CHAPTERS
from semg_lib.recordings.source import available
from semg_lib.running import notebooks
from semg_lib.studies import protocols, streaming

ROOT = Path(__file__).parent.parent.parent
EXECUTED = ROOT / "book" / "executed"
BUILD = ROOT / "_build"
HTML = {"fresh": BUILD / "fresh" / "_build" / "html", "site": BUILD / "html"}
_FILES = ("_config.yml", "_toc.yml", "index.md", "genindex.md")
_FOLDERS = ("book", "results", "benchmarks", "semg_lib", "notebooks")
_RAW = ("3dc", "multiday")  # real raw sets beside DB1
# No papers, but they leave records, of which a notebook's may belong to several.
_STUDIES = {"protocols": ("protocols", "sessions")}


def replicate(root: str, papers: Sequence[str], out: Path = BUILD / "runs") -> None:
    """Run papers anew; records go to results/, copies to book/executed/.

    Records that are complete and made by the same code and settings are kept; a run that was cut
    off goes on.
    """
    for paper in papers:
        check_name("paper", paper, CHAPTERS)
        planned = list(CHAPTERS[paper].plan(root))  # a wrong request leaves nothing behind
        records_of = RESULTS / paper
        records_of.mkdir(parents=True, exist_ok=True)
        for name, run in planned:
            print(f"{name}: {len(run.subjects)} subjects", flush=True)
            folder = out / run.name
            kept = "study.json" if run.study else "record.json"
            _seed(folder / kept, records_of / f"{name}.json")
            run.execute(out)
            shutil.copy(folder / kept, records_of / f"{name}.json")
        _store(folder / "notebook.ipynb", paper, _about(folder / "record.json"))


def _seed(record: Path, stored: Path) -> None:
    """Begin with what is stored, but never over what a run that was cut off has left."""
    if stored.is_file() and not record.is_file():
        record.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(stored, record)


def _publish(run: Path, about: str) -> NotebookNode:
    return sources.publish(notebooks.read(run), f"This copy was run on {about}")


def _store(run: Path, name: str, about: str) -> None:
    """Keep a run's copy for the published book, but for what it shows of records."""
    copy = executed.strip(_publish(run, about))
    write_atomically(EXECUTED / f"{name}.ipynb", notebooks.to_text(copy))


def _about(path: Path) -> str:
    """Say where an executed copy's results come from."""
    record = load_record(path)
    kind = "**simulated** " if record.simulated else ""
    return (
        f"{kind}{record.database.upper()}, exercises {record.exercises}, {len(record.subjects)} "
        f"subjects, {record.preset} preset with the {record.recipe} recipe, seed {record.seed}, "
        f"on {record.device}, {record.date}."
    )


def beside(root: str, out: Path = BUILD / "runs") -> None:
    """Run what is no paper: the notebooks about the data, on protocols, and the comparison."""
    read = {name: available(name, "A", root) for name in ("db1", *_RAW)}
    subjects = read["db1"]
    real = {"root": str(Path(root).resolve()), "subjects": subjects}
    people = {name: read[name] for name in _RAW if read[name]}
    held = {"sessions_root": real["root"], "people": people}
    whole = {"preset": "full", "epochs": 0, "methods": list(protocols.METHODS)}
    given: dict[str, dict[str, Any]] = {
        "data": real,
        "quirks": real | {"methods": ["lda", "random_forest"]},
        "protocols": real | whole | (held if people else {}),
        "streaming": real
        | {"preset": "full", "methods": list(streaming.METHODS), "seeds": [0, 1, 2]},
        # Recordings of DB2 were not at hand; four subjects are half an hour of two cores.
        "comparison": {"preset": "full", "subjects": [1, 2, 3, 4]},
    }
    for name, parameters in given.items():
        folder = out / name
        for study in _STUDIES.get(name, (name,)):
            for stored in (RESULTS / study).glob("*.json"):
                _seed(folder / ("" if stored.stem == "record" else stored.stem) / RECORD, stored)
        run = parameters | {"out": str(folder.resolve())}
        notebooks.run(notebooks.FOLDER / f"{name}.ipynb", folder / "notebook.ipynb", run)
        _keep(folder, name)
        about = f"DB1, exercise A, {len(subjects)} subjects, {date.today()}."
        if name == "data":
            others = [f"{each}, {len(read[each]) or '**simulated**'}" for each in _RAW]
            about = f"{about[:-1]}; subjects of the raw sets: {'; '.join(others)}."
        if records := sorted(folder.rglob(RECORD), key=lambda path: (len(path.parts), path)):
            about = _about(records[0])
        _store(folder / "notebook.ipynb", name, about)


def _keep(run: Path, name: str, below: str = "", own: str = "record") -> None:
    """Store what a notebook left: numbers, and each record below the name of its study."""
    if (run / expected.NUMBERS).is_file():
        expected.keep(run, name, RESULTS)
    for record in run.rglob(RECORD):
        stem = own if record.parent == run else record.parent.name
        path = RESULTS / load_record(record).paper / below / f"{stem}.json"
        write_atomically(path, record.read_bytes())


def expect(out: Path = BUILD / "expected") -> None:
    """Store what the notebooks' quick runs should show: their records, a paper's for some seeds."""
    for source in sorted(notebooks.FOLDER.glob("*.ipynb")):
        if not any(cell.get("id") == "expected" for cell in notebooks.read(source).cells):
            continue
        asked = papermill.inspect_notebook(source)
        # What sets many trainings side by side takes longer: one seed must do.
        for seed in expected.SEEDS if source.stem in PAPERS else expected.SEEDS[:1]:
            folder = out / source.stem / f"seed{seed}"
            given = {"out": str(folder.resolve()), "seed": seed, "seeds": [seed]}
            run = {name: value for name, value in given.items() if name in asked}
            notebooks.run(source, folder / "notebook.ipynb", run)
            _keep(folder, source.stem, expected.QUICK, folder.name)


def fresh() -> Path:
    """Run every notebook on simulated data and build the book with these runs in it."""
    stage = BUILD / "fresh"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(ROOT / name, stage / name)
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, stage / name, ignore=shutil.ignore_patterns("__pycache__"))
    paths = sorted(notebooks.FOLDER.glob("*.ipynb"))
    for number, source in enumerate(paths, 1):
        print(f"notebook {number} of {len(paths)}: {source.name}", flush=True)
        run = BUILD / "runs" / "fresh" / source.name
        notebooks.run(source, run, {})
        about = f"this machine, on **simulated** recordings, quick preset, {date.today()}."
        copy = notebooks.to_text(_publish(run, about))
        write_atomically(stage / "book" / "executed" / source.name, copy)
    return build(stage)


def build(source: Path = ROOT) -> Path:
    """Build the book below a folder, warnings as errors; return its first page."""
    if why := runtime.fetch():
        print(f"the page with the decoder shows a picture only: {why}", flush=True)
    # The package cannot be run as a module; its command lies beside this Python.
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source)]
    # Jupyter's own notice of new paths would count as a warning; pages are UTF-8 everywhere.
    environment = os.environ | {"JUPYTER_PLATFORM_DIRS": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [*command, "--warningiserror", "--keep-going", "--nitpick", "--quiet"], env=environment
    )
    page = source / "_build" / "html" / "index.html"
    if done.returncode or not page.is_file():
        raise RuntimeError(f"jupyter-book ended with {done.returncode}; its messages are above")
    return page


def serve(port: int) -> None:
    """Serve the book that was built last on this machine."""
    built = [folder for folder in HTML.values() if (folder / "index.html").is_file()]
    if not built:
        raise DataError("no book is built yet: run make book or make site first")
    newest = max(built, key=lambda folder: (folder / "index.html").stat().st_mtime)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(newest))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://localhost:{server.server_port} shows {newest}; Ctrl-C ends it", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


@command("book")
def main(arguments: list[str] | None = None) -> int:
    """Make the book; see the module's first lines."""
    parser = argparse.ArgumentParser(
        prog="python -m semg_lib.publishing.build", description=main.__doc__
    )
    parser.add_argument("verb", choices=("fresh", "site", "pdf", "replicate", "expect", "serve"))
    parser.add_argument("--root", default=os.environ.get("SEMG_DATA", ""))
    parser.add_argument("--paper", help="replicate this one only; needs no root if simulated")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    if chosen.verb == "replicate":
        if not chosen.root and not chosen.paper:
            raise DataError("set SEMG_DATA to the folder with the recordings")
        replicate(chosen.root, [chosen.paper] if chosen.paper else list(PAPERS))
        if not chosen.paper:
            beside(chosen.root)
        chapters.write_readme()
    elif chosen.verb == "expect":
        expect()
    elif chosen.verb == "serve":
        serve(chosen.port)
    elif chosen.verb == "pdf":
        print(f"the book is printed: open {pdf.pdf(build().parent).relative_to(ROOT)}")
    else:
        page = fresh() if chosen.verb == "fresh" else build()
        print(f"the book is built: open {page.relative_to(ROOT)}, or run make serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the book's prose pages show of the records: tables, figures and numbers.

Every paper has a module here, with three functions: ``plan``, the runs that its chapter is made
of; ``fragments``, what the chapter shows of them; and ``row``, their figures in the README. Its
``SHORT``, ``CLAIM`` and ``FRONT``, filled in with the fragments' numbers, make its rows in the
README, which `write_readme` writes, and on the front page. The book's Sphinx extension
calls `write` at every build, so that no page can say what ``results/`` does not.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pandas as pd

from semg_lib.course import assignments
from semg_lib.errors import REPOSITORY
from semg_lib.evaluation.records import PACKAGE, load_records
from semg_lib.evaluation.writing import write_atomically
from semg_lib.figures import diagrams, hands
from semg_lib.papers import PAPERS
from semg_lib.publishing import cards, listing, speed, tables
from semg_lib.studies.protocols import BASE

CHAPTERS = {name: importlib.import_module(f"{__name__}.{name}") for name in PAPERS}
_NINAPRO = ("flexor digitorum superficialis", "extensor digitorum superficialis")
# Electrodes in a ring, and on muscles: Atzori et al. (2014), page 4; the others' READMEs.
ARMS: dict[str, tuple[int, tuple[str, ...]]] = {
    "DB1": (8, _NINAPRO),
    "DB2 and DB3": (8, (*_NINAPRO, "biceps brachii", "triceps brachii")),
    "3DC": (10, ()),
}


COLAB = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github")


def readme_rows() -> list[str]:
    """Return the README's row for each paper: what it is, its figures, and the records'."""
    rows = []
    for name, chapter in CHAPTERS.items():
        notebook = f"notebooks/{name}.ipynb"
        cells = [
            reference(name),
            f"[source]({notebook}), [Colab]({COLAB}/blob/main/{notebook})",
            f"[{chapter.SHORT}](book/papers/{name}.md)",
            *(chapter.CLAIM, chapter.row()),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def write_readme() -> None:
    """Write the rows of the README's table of papers anew."""
    path = PACKAGE.parent / "README.md"
    head, rule, rest = re.split(
        r"(\| paper \|.*\n\|.*\n)", path.read_text(encoding="utf-8"), maxsplit=1
    )
    rows = "\n".join(readme_rows())
    write_atomically(path, head + rule + rows + "\n" + re.sub(r"^(\|.*\n)*", "", rest))


def reference(name: str) -> str:
    """Return a paper's authors and year, as a link if it has a DOI."""
    bib = (PACKAGE.parent / "book" / "papers" / f"{name}.bib").read_text(encoding="utf-8")
    entry = bib.partition(f"{{{name},")[2]
    said = {
        field: found[1] if (found := re.search(rf"\b{field} *= *{{(.*)}}", entry)) else ""
        for field in ("author", "year", "doi")
    }
    names = [each.partition(",")[0] for each in said["author"].split(" and ")]
    title = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    title = f"{title} {said['year']}"
    return f"[{title}](https://doi.org/{said['doi']})" if said["doi"] else title


def write(folder: str | Path) -> dict[str, str]:
    """Write every chapter's fragments below a folder and return all numbers by name."""
    numbers: dict[str, str] = {}
    front = ["| verdicts on its claims | paper |", "| :-- | :-- |"]
    for name, chapter in CHAPTERS.items():
        place = Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        shown = chapter.fragments()
        for key, text in shown.texts.items():
            write_atomically(place / f"{key}.md", text)
        for key, picture in shown.pictures.items():
            picture.save(place / f"{key}.png")
        for key, drawing in shown.drawings.items():
            write_atomically(place / f"{key}.svg", drawing)
        numbers |= {f"{name}_{key}": value for key, value in shown.numbers.items()}
        page = f"{{cite:t}}`{name}`, [{chapter.SHORT}](book/papers/{name}.md)"
        said = chapter.FRONT.format(**shown.numbers)
        front.append(f"| {shown.numbers['verdicts']} | {page}: {said} |")
    write_atomically(Path(folder) / "front.md", "\n".join(front) + "\n")
    write_atomically(Path(folder) / "teaching" / "assignments.md", _assignments())
    write_atomically(Path(folder) / "records.md", cards.files())
    named = Path(folder) / "movements"
    for names in (("db1", "db2", "db3"), ("3dc",), ("multiday",)):
        write_atomically(named / f"{names[0]}.md", tables.movements(names))
    for movement, posture in hands.postures().items():
        write_atomically(named / f"{tables.slug(movement)}.svg", hands.draw(posture, movement))
    for name, (n_ring, muscles) in ARMS.items():
        said = f"{n_ring} electrodes around the forearm" + "".join(f", one on {m}" for m in muscles)
        drawn = diagrams.arm(n_ring, muscles, f"{name}: {said}")
        write_atomically(named / f"arm-{tables.slug(name)}.svg", drawn)
    numbers |= _protocols()
    return numbers | {f"speed_{k}": v for k, v in speed.write(Path(folder) / "speed").items()}


def _assignments() -> str:
    """Return the table of the assignments: what each is about, its questions and points."""
    rows = []
    for name in assignments.names():
        title, learnt, time = assignments.about(name)
        n_asked = len(list(assignments.questions(name)))
        rows.append([title, learnt, time, n_asked, f"{assignments.points(name):g}"])
    header = ["assignment", "students learn", "time", "questions", "points"]
    return tables.markdown(pd.DataFrame(rows, columns=header))


def _protocols() -> dict[str, str]:
    """Return the ends between which protocols move one network, and on how many people."""
    stored = load_records("protocols")
    means = listing.gained(stored)["mean"].xs("cnn", level="method")
    kind = "simulated " if stored[0].simulated else ""
    return {
        "protocols_people": f"{len(stored[0].subjects)} {kind}people",
        "protocols_base": f"{means[BASE]:.0f} %",
        "protocols_range": f"{means.min():.0f} to {means.max():.0f} %",
    }

"""A new paper from the template: ``make paper NAME=author2000``.

Everything that stands in ``template/`` is copied under the new name and run once on simulated
recordings, so that the paper is in the tests, the command line and the book from the first minute;
then it is filled in.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from semg_lib.errors import DataError, command
from semg_lib.evaluation.writing import write_atomically

ROOT = Path(__file__).parent.parent.parent
PLACEHOLDER = "template2000"
PLACES = {
    "paper.py": "semg_lib/papers/{name}.py",
    "entry.py": "semg_lib/studies/entries/{name}.py",
    "chapter.py": "semg_lib/publishing/chapters/{name}.py",
    "notebook.ipynb": "notebooks/{name}.ipynb",
    "chapter.md": "book/papers/{name}.md",
    "paper.bib": "book/papers/{name}.bib",
    "captions.yml": "book/papers/{name}.yml",
    "test_paper.py": "tests/test_{name}.py",
}
CONTENTS = """\
      - file: book/papers/{name}
        sections:
          - file: book/executed/{name}
            title: The notebook"""


def copy(name: str, root: Path = ROOT) -> list[Path]:
    """Copy the template under a new name; return the files that were made.

    Raises
    ------
    DataError
        If the name is not an author and a year, or something of that name is there.
    """
    if not re.fullmatch(r"[a-z]+\d{4}[a-z]?", name):
        raise DataError(f"{name!r} is no name of a paper: expected author and year, as ding2018")
    made = {
        root / "template" / source: root / to.format(name=name) for source, to in PLACES.items()
    }
    for path in made.values():
        if path.exists():
            raise DataError(f"{path}: there is one already; choose another name, such as {name}b")
    for source, path in made.items():
        text = source.read_text(encoding="utf-8").replace(PLACEHOLDER, name)
        write_atomically(path, text)
    return list(made.values())


@command("template")
def main(arguments: list[str] | None = None) -> int:
    """Copy the template, run it, and say what is left to do."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        raise DataError("name one paper: make paper NAME=author2000")
    [name] = arguments
    for path in copy(name):
        print(path.relative_to(ROOT))
    # A shorter or longer name breaks lines elsewhere.
    tidy = [sys.executable, "-m", "ruff", "format", "--quiet", "."]
    subprocess.run(tidy, cwd=ROOT, check=False)
    # In a process of its own, which finds the new module.
    run = [sys.executable, "-m", "semg_lib.publishing.build", "replicate", "--paper", name]
    if subprocess.run(run, cwd=ROOT).returncode:
        print(f"template: mend the above, then python {' '.join(run[1:])} again", file=sys.stderr)
        return 1
    print(f"now add to _toc.yml, below Papers:\n{CONTENTS.format(name=name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The recipe "add a paper", carried out: copied under a new name, found by everything."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from semg_lib.errors import DataError
from semg_lib.publishing import new_paper

ROOT = Path(__file__).parent.parent
NAME = "doe2030"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the repository to which a paper was added; the contents were edited, no more."""
    root = tmp_path_factory.mktemp("repository")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for command in (["init", "--quiet"], ["add", "--all"]):  # what git knows, some tests read
        subprocess.run(["git", *command], cwd=root, check=True)

    def run(*command):
        environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        environment.pop("SEMG_DATA", None)
        done = subprocess.run(
            [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said = run("-m", "semg_lib.publishing.new_paper", NAME)
    contents = root / "_toc.yml"
    below = "  - caption: Across papers"
    assert below in contents.read_text()
    entry = new_paper.CONTENTS.format(name=NAME)
    assert entry in said
    contents.write_text(contents.read_text().replace(below, f"{entry}\n{below}"))
    run.root = root
    return run


@pytest.mark.slow
def test_of_what_is_shared_it_touches_the_contents_and_its_row_in_the_readme(copied):
    def names(*what):
        said = subprocess.check_output(["git", *what], cwd=copied.root, text=True)
        return set(said.splitlines())

    assert names("diff", "--name-only") == {"README.md", "_toc.yml"}
    made = names("ls-files", "--others", "--exclude-standard")
    assert made >= {place.format(name=NAME) for place in new_paper.PLACES.values()}
    assert all(NAME in name for name in made)
    changed = names("diff", "--unified=0", "README.md")
    [row] = [line for line in changed if line.startswith("+| ")]
    assert row.startswith(f"+| Author and Author 2000 | [source](notebooks/{NAME}.ipynb), [Colab](")
    assert not [line for line in changed if line.startswith("-| ")]


@pytest.mark.slow
def test_the_suite_picks_it_up(copied):
    copied("-m", "ruff", "check", ".")
    copied("-m", "ruff", "format", "--check", ".")
    copied("-m", "mypy", f"semg_lib/papers/{NAME}.py")
    tests = [f"test_{name}.py" for name in (NAME, "repository", "chapters", "cards", "provenance")]
    said = copied("-m", "pytest", "-p", "no:cacheprovider", *(f"tests/{name}" for name in tests))
    assert "failed" not in said
    notebook = f"notebooks/{NAME}.ipynb"
    assert "passed" in copied("-m", "pytest", "-p", "no:cacheprovider", "--nbval", notebook)


@pytest.mark.slow
def test_the_command_line_picks_it_up(copied):
    out = copied.root / "runs"
    semg = ("-c", "from semg_lib.cli import main; main()")
    copied(*semg, "run", NAME, "--subjects", "1", "--epochs", "1", "--out", str(out))
    assert list(out.glob(f"{NAME}-db1-A-s1-*/record.json"))


@pytest.mark.slow
def test_the_book_picks_it_up(copied):
    copied("-m", "semg_lib.publishing.build", "site")
    html = copied.root / "_build" / "html"
    chapter = (html / "book" / "papers" / f"{NAME}.html").read_text()
    assert "replication card" in chapter
    assert "{{" not in chapter
    assert "Author" in (html / "book" / "bibliography.html").read_text()
    assert (html / "book" / "executed" / f"{NAME}.html").is_file()


def test_a_name_that_cannot_be_is_told(tmp_path, capsys):
    with pytest.raises(DataError, match="'Doe' is no name of a paper: expected author and year"):
        new_paper.copy("Doe", tmp_path)
    with pytest.raises(DataError, match="there is one already; choose another name"):
        new_paper.copy("ding2018")
    assert new_paper.main([]) == 1
    assert "name one paper" in capsys.readouterr().err

"""The sets agree: papers in the library, notebooks, chapters, bibliography, contents, results."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from semg_lib import errors
from semg_lib.evaluation.records import load_record
from semg_lib.papers import PAPERS
from semg_lib.publishing import chapters, pdf
from semg_lib.running import notebooks

ROOT = Path(__file__).parent.parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
NOT_PAPERS = {"data", "quirks", "protocols", "sessions", "comparison"}


def stems(pattern):
    return {path.stem for path in ROOT.glob(pattern)}


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("modules", stems("semg_lib/papers/*.py") - {"__init__"}),
        ("notebooks", stems("notebooks/*.ipynb") - NOT_PAPERS),
        ("chapters", stems("book/papers/*.md")),
        ("executed copies", stems("book/executed/*.ipynb") - NOT_PAPERS),
        ("results", {p.name for p in (ROOT / "results").iterdir() if p.is_dir()} - NOT_PAPERS),
        ("contents", {Path(f).name for f in pdf.contents() if f.startswith("book/papers/")}),
    ],
)
def test_every_place_knows_the_same_papers(where, names):
    assert names == set(PAPERS), where


def test_tests_and_bibliography_cover_every_paper():
    for name in PAPERS:
        assert f"{{{name}," in (ROOT / "book" / "papers" / f"{name}.bib").read_text()
    assert {f"test_{name}" for name in PAPERS} <= stems("tests/*.py")


def test_contents_name_pages_that_exist_and_leave_none_out():
    listed = {Path(name).with_suffix("").as_posix() for name in pdf.contents()}
    pages = {"genindex"} | {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for pattern in ("book/*.md", "book/papers/*.md", "book/executed/*.ipynb")
        for path in ROOT.glob(pattern)
    }
    assert listed == pages


def test_every_notebook_has_an_executed_copy():
    assert stems("notebooks/*.ipynb") == stems("book/executed/*.ipynb")


def test_the_repositorys_address_is_one():
    address = CONFIG["repository"]["url"]
    assert address == errors.REPOSITORY
    places = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("book/*.md"), ROOT / "README.md"]
    for path in places:
        for found in re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", path.read_text()):
            assert found == address, path
        for found in re.findall(
            r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/", path.read_text()
        ):
            assert address.endswith(found), path


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda p: p.stem)
def test_badges_open_their_own_notebook(path):
    first = notebooks.read(path).cells[0].source
    assert f"/blob/main/notebooks/{path.name})" in first


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/executed/*.ipynb")), ids=lambda p: p.stem)
def test_executed_copies_are_fit_to_publish(path):
    text = path.read_text()
    assert len(text) < 1_000_000
    assert "papermill" not in json.loads(text)["metadata"]
    assert "start_time" not in text
    copy = notebooks.read(path)
    assert "This copy was run on" in copy.cells[1].source
    for cell in copy.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            if "image/png" in output.get("data", {}):
                assert cell.metadata["mystnb"]["image"]["alt"]


def test_no_text_holds_a_path_of_a_machine():
    folders = ("home", "root", "tmp", "work", "Users")
    pattern = re.compile(r"(?<![\w.~/-])/(?:" + "|".join(folders) + r")/\w")
    for pattern_ in (
        "*.md",
        "*.yml",
        "*.toml",
        "*.txt",
        "**/*.py",
        "**/*.md",
        "**/*.json",
        "**/*.ipynb",
        ".github/**/*.yml",
        ".ci/*",
    ):
        paths = list(ROOT.glob(pattern_))
        assert paths, pattern_
        for path in paths:
            if not {"_build", ".venv"} & set(path.relative_to(ROOT).parts):
                assert not pattern.search(path.read_text()), path


def test_readme_shows_the_table_of_papers_as_the_records_have_it():
    text = (ROOT / "README.md").read_text()
    for row in chapters.readme_rows():
        assert row
        assert row in text, "run python -m semg_lib.publishing.chapters and paste its lines"


def test_records_are_the_only_files_of_results():
    for path in (ROOT / "results").rglob("*"):
        assert path.is_dir() or (path.suffix == ".json" and load_record(path))


def test_chapters_write_what_they_include(tmp_path):
    numbers = chapters.write(tmp_path)
    for page in ROOT.glob("book/**/*.md"):
        text = page.read_text()
        for name in re.findall(r"generated/([\w/]+\.\w+)", text):
            assert (tmp_path / name).is_file(), f"{page} includes {name}"
        for name in re.findall(r"\{\{\s*(\w+)\s*\}\}", text):
            assert numbers.get(name), f"{page} wants {name}"
    for paper in PAPERS:
        n_claims = (tmp_path / paper / "card.md").read_text().count("| claim: ")
        counts = re.findall(
            r">(\d+) (?:(?:not )?supported|(?:holds|fails) in simulation|undecided)<",
            numbers[f"{paper}_verdicts"],
        )
        assert sum(map(int, counts)) == n_claims > 0


def recipes():
    """Return the commands of each target of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    found = re.findall(r"^([a-z-]+):(?!=).*\n((?:\t.*\n)*)", text, re.MULTILINE)
    return {name: commands.replace("\t", "") for name, commands in found if commands}


@pytest.fixture
def make(tmp_path):
    """Run make in a copy that has no environment; return what it said and called as python3."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    called = tmp_path / "called.txt"
    called.touch()
    stub = f'#!/bin/sh\necho "$0 $@" >> "{called}"\n'
    for name in ("bin/python3", "venv/python"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(stub)
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for name in ("MAKEFLAGS", "MAKELEVEL"):  # of a make that runs these tests
        environment.pop(name, None)

    def run(*arguments):
        done = subprocess.run(
            ["make", *arguments],
            cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout, called.read_text()

    return run


def test_make_help_lists_every_target(make):
    said, called = make("help")
    assert [line.split()[0] for line in said.splitlines()] == list(recipes())
    assert called == ""


def test_cleaning_installs_nothing_and_strips_notebooks_where_it_can(make, tmp_path):
    for name in ("_build/html", "book/generated", "book/executed"):
        (tmp_path / name).mkdir(parents=True)
    assert make("clean")[1] == ""
    assert not (tmp_path / "_build").exists()
    assert not (tmp_path / "book" / "generated").exists()
    assert (tmp_path / "book" / "executed").is_dir()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").touch()
    (tmp_path / "venv").rename(tmp_path / ".venv" / "bin")
    assert make("clean")[1] == ".venv/bin/python -m semg_lib.publishing.sources clean\n"


@pytest.mark.parametrize("target", sorted(recipes().keys() - {"help", "clean"}))
def test_a_target_that_needs_the_environment_makes_it_first(make, target):
    said, _ = make("--dry-run", target)
    commands = [line for line in said.splitlines() if line.startswith(("python3", ".venv"))]
    assert commands[0].startswith("python3 -c")
    assert commands[1] == "python3 -m venv .venv"


@pytest.mark.parametrize(
    ("version", "has"), [("Python 3.10.14", "Python 3.10.14"), (None, "missing")]
)
def test_an_older_python_is_told_before_anything_is_installed(make, tmp_path, version, has):
    python = tmp_path / "python3"
    if version:
        python.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo {version}\n')
        python.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        make(f"PYTHON={python}", "site")
    first, *rest = failed.value.stderr.splitlines()
    assert first.startswith(f"DL-for-sEMG needs Python 3.11 or later, and {python} is {has}: ")
    assert first.endswith("name it: PYTHON=python3.11 make site")
    assert len(rest) == 1  # make's own
    assert not (tmp_path / ".venv").exists()


def test_a_commit_is_checked_as_make_test_does():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    commands = recipes()["test"].replace("$(BIN)", ".venv/bin").splitlines()
    assert [hook["entry"] for hook in hooks] == commands[: len(hooks)]
    assert len(hooks) == 4

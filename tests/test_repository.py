"""The sets agree: papers in the library, notebooks, chapters, bibliography, contents, results."""

import json
import re
from pathlib import Path

import pytest
import yaml

from semg_lib.evaluation.records import load_record
from semg_lib.papers import PAPERS
from semg_lib.publishing import chapters, pdf
from semg_lib.running import notebooks

ROOT = Path(__file__).parent.parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
NOT_PAPERS = {"data", "quirks", "protocols", "comparison"}


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
    ):
        for path in ROOT.glob(pattern_):
            if not {"_build", ".venv"} & set(path.relative_to(ROOT).parts):
                assert not pattern.search(path.read_text()), path


def test_readme_shows_the_table_of_papers_as_the_records_have_it():
    text = (ROOT / "README.md").read_text()
    for row in chapters.readme_rows():
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

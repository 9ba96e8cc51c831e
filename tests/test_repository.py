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
from semg_lib.publishing import address, chapters, expected, pdf
from semg_lib.running import notebooks

ROOT = Path(__file__).parent.parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
NOT_PAPERS = {"data", "quirks", "protocols", "sessions", "comparison", "streaming"}


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
    pages = {"index", "genindex"} | {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for pattern in ("book/*.md", "book/papers/*.md", "book/executed/*.ipynb")
        for path in ROOT.glob(pattern)
    }
    assert listed == pages


def test_every_notebook_has_an_executed_copy():
    assert stems("notebooks/*.ipynb") == stems("book/executed/*.ipynb")


def test_the_repositorys_address_is_one():
    url = CONFIG["repository"]["url"]
    assert url == errors.REPOSITORY
    places = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("book/*.md")]
    places += [ROOT / "index.md", ROOT / "README.md"]
    for path in places:
        for found in re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", path.read_text()):
            assert found in (url, "https://github.com/ME/FORK"), path
        for found in re.findall(
            r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/", path.read_text()
        ):
            assert url.endswith(found), path


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
        assert row in text, "run python -m semg_lib.publishing.chapters"


def test_records_and_numbers_are_the_only_files_of_results():
    for path in filter(Path.is_file, (ROOT / "results").rglob("*")):
        if path.name == expected.NUMBERS:
            values = [each for of in json.loads(path.read_text()).values() for each in of.values()]
            assert all(0 < each < 100 for each in values)
        else:
            assert path.suffix == ".json"
            assert load_record(path)


def test_the_front_page_counts_every_claim_once(site):
    """A page that includes what chapters do not write is a warning, which fails the build."""
    rows = re.findall("<tr.*?</tr>", (site / "index.html").read_text(), re.DOTALL)
    front = (ROOT / "book/generated/front.md").read_text()
    assert re.findall(r"\{cite:t\}`(\w+)`", front) == list(PAPERS)
    assert "{" not in re.sub(r"\{cite:t\}", "", front)
    for paper in PAPERS:
        n_claims = (ROOT / f"book/generated/{paper}/card.md").read_text().count("| claim: ")
        (row,) = (each for each in rows if f"book/papers/{paper}.html" in each)
        counts = re.findall(
            r">(\d+) (?:(?:not )?supported|(?:holds|fails) in simulation|undecided)<", row
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


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo Python 3.9.2; exit 1", "needs Python 3.11 or later, and {} is Python 3.9.2: name "),
        ('case "$2" in *ensurepip*) exit 1; esac', "{} cannot make virtual environments: install"),
    ],
)
def test_make_looks_at_python_before_anything_is_installed(make, tmp_path, script, said):
    python = tmp_path / "old"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError) as error:
        make("book", f"PYTHON={python}")
    assert error.value.stderr.startswith(said.format(python))
    assert not (tmp_path / ".venv").exists()


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
    before, made, _ = said.partition("\npython3 -m venv .venv\n")
    assert made
    assert ".venv" not in before


def test_a_commit_is_checked_as_make_test_does():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    commands = recipes()["test"].replace("$(BIN)", ".venv/bin").splitlines()
    assert [hook["entry"] for hook in hooks] == commands[: len(hooks)]
    assert len(hooks) == 4


def test_a_fork_writes_its_address_everywhere(tmp_path):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    old, new = errors.REPOSITORY, "https://github.com/Some-one/a.fork"
    slug = old.removeprefix("https://github.com/")
    holding = []
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and slug.encode() in (ROOT / name).read_bytes():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
            holding.append(name)
    assert {"_config.yml", "semg_lib/errors.py", "README.md", "notebooks/data.ipynb"} <= {*holding}
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    changed = address.rewrite(new, tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in changed) == sorted(holding)
    for name in holding:
        text = (tmp_path / name).read_text()
        assert slug not in text
        assert text == (ROOT / name).read_text().replace(slug, "Some-one/a.fork")
    for path in tmp_path.glob("notebooks/*.ipynb"):  # still notebooks
        notebooks.read(path)


@pytest.mark.parametrize(
    "wrong", ["", "ME/FORK", "https://github.com/ME", "https://github.com/ME/FORK.git",
              "https://github.com/ME/FORK/tree/main", "https://example.org/ME/FORK"],
)  # fmt: skip
def test_what_is_no_address_of_a_fork_changes_nothing(tmp_path, wrong, capsys, monkeypatch):
    monkeypatch.setattr(address, "ROOT", tmp_path)  # no repository: git would fail
    assert address.main([wrong] if wrong else []) == 1
    assert "make address URL=https://github.com/ME/FORK" in capsys.readouterr().err


def test_nothing_holds_another_address_than_the_one_that_is_rewritten():
    """What names a repository of ours names this one, and the README says how to change it."""
    assert "make address URL=" in (ROOT / "README.md").read_text()
    owner = errors.REPOSITORY.split("/")[-2]
    listed = subprocess.run(
        ["git", "grep", "-hoE", f"github(\\.com)?/{owner}/[A-Za-z0-9._-]+"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = {each.removesuffix(".").partition("/")[2] for each in listed.stdout.split()}
    assert found == {errors.REPOSITORY.removeprefix("https://github.com/")}

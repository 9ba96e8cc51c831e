"""A folder of submissions with everything in it that a folder of submissions has."""

import csv
import json
import os
import subprocess
import sys

import nbformat
import psutil
import pytest

from semg_lib.course import grading

NAME = "1-signals"
SEGMENT = """def segment(emg, length, step):
    view = np.lib.stride_tricks.sliding_window_view(emg, length, axis=0)
    return view[::step]"""


def write(folder, name, *sources, kernel="python3"):
    cells = [nbformat.v4.new_code_cell(each) for each in (f'student = "{name}"', *sources)]
    about = {"otter": {"assignment_name": NAME}}
    about["kernelspec"] = {"name": kernel, "display_name": kernel}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def graded(made, tmp_path_factory, monkeypatch_module):
    folder = tmp_path_factory.mktemp("submissions")
    answer = f"import numpy as np\n{SEGMENT}"
    keeps = "open('notes.txt', 'w').write('in my own folder')"
    write(folder, "good", f'import otter\n\ngrader = otter.Notebook("{NAME}.ipynb")', answer, keeps)
    write(folder, "conda", answer, keeps, kernel="conda-env-semg-py")
    write(folder, "greedy", answer, "hoard = [bytearray(10**9) for _ in range(100)]")
    write(folder, "large", answer, "open('large', 'wb').write(bytes(3 * 2**20))")
    write(folder, "many", answer, "held = [open('notes.txt', 'w') for _ in range(1000)]")
    write(folder, "leaves", answer, "import os\nos._exit(3)")
    elsewhere = tmp_path_factory.mktemp("jupyter") / "kernels" / "python3" / "kernel.json"
    elsewhere.parent.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "another", "language": "python"}
    elsewhere.write_text(json.dumps(spec))
    monkeypatch_module.setenv("JUPYTER_PATH", str(elsewhere.parent.parent.parent))
    return graded_by(made / "autograders", folder, "--file-megabytes", "2")


def graded_by(autograders, folder, *options):
    """Grade a folder as a lecturer does; return rows of the table by name."""
    out = folder.with_suffix(".csv")
    given = "--autograders", str(autograders), "--marks", str(out), *options
    assert grading.main([NAME, str(folder), *given]) == 0
    with out.open(encoding="utf-8") as file:
        return {row["file"].partition(".")[0]: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_each_is_reported_by_name(graded):
    assert {name: row["state"] for name, row in graded.items()} == {
        "good": "graded",
        "conda": "graded",
        "greedy": "graded",
        "large": "graded",
        "many": "graded",
        "leaves": "could not be run",
    }
    assert graded["good"]["student"] == "good"


@pytest.mark.slow
def test_what_asks_for_more_than_it_may_is_told(graded):
    assert graded["good"]["note"] == ""
    assert graded["greedy"]["note"].startswith("MemoryError in the cell 'hoard = [")
    assert graded["large"]["note"].startswith("OSError: [Errno 27] File too large in the cell")
    assert graded["many"]["note"].startswith("OSError: [Errno 24] Too many open files")
    assert "died" in graded["leaves"]["note"]


@pytest.mark.slow
def test_all_that_ran_get_their_points(graded):
    for name in ("good", "conda", "greedy", "large", "many"):
        assert graded[name]["q3"] == "3"
        assert graded[name]["total"] == "3"
    assert graded["leaves"]["total"] == "0"
    assert {row["of"] for row in graded.values()} == {"20"}


@pytest.mark.slow
def test_what_does_not_end_is_stopped_with_all_it_started(made, tmp_path):
    kernel = tmp_path / "kernel.txt"
    noted = f"import os\nopen({str(kernel)!r}, 'w').write(str(os.getpid()))"
    write(tmp_path, "endless", noted, "while True:\n    pass")
    autograder = made / "autograders" / f"{NAME}.zip"
    mark = grading.grade_one(tmp_path / "endless.ipynb", autograder, grading.Limits(seconds=20))
    assert (mark.student, mark.state) == ("endless", "did not end")
    assert mark.note == "stopped after 20 s"
    assert not running(int(kernel.read_text()))


@pytest.mark.parametrize(
    "line",
    [
        'student = "anne"',
        'student="anne"',
        "student  = 'anne'  # it's me",
        'student = "anne" # not "bob"',
        '\ufeffstudent = "anne"',
    ],
)
def test_the_identifier_is_found_however_its_line_is_typed(tmp_path, monkeypatch, line):
    monkeypatch.setattr(grading, "_run", lambda *_: "")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line.strip("\ufeff"))])
    encoding = "utf-8-sig" if line.startswith("\ufeff") else "utf-8"
    (tmp_path / "a.ipynb").write_text(nbformat.writes(notebook), encoding=encoding)
    mark = grading.grade_one(tmp_path / "a.ipynb", tmp_path / "a.zip")
    assert (mark.student, mark.state) == ("anne", "could not be run")


def test_folders_of_folders_are_graded_and_none_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(grading, "_run", lambda *_: "")
    folder = tmp_path / "submissions"
    (tmp_path / f"{NAME}.zip").touch()
    kept = "Anne Ü_12_assignsubmission_file/1.ipynb", "b_1_2_late.ipynb", "x/y/z.ipynb"
    others = "__MACOSX/._1.ipynb", "x/.ipynb_checkpoints/z.ipynb", ".DS_Store"
    folder.mkdir()
    given = [NAME, str(folder), "--autograders", str(tmp_path)]
    assert grading.main(given) == 1
    assert f"no submission in {folder}" in capsys.readouterr().err
    assert not folder.with_suffix(".csv").exists()
    for name in kept + others:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write((folder / name).parent, "anne")
        ((folder / name).parent / "anne.ipynb").rename(folder / name)
    (folder / os.fsdecode(b"caf\xe9.ipynb")).write_text("")
    assert grading.main(given) == 0
    with folder.with_suffix(".csv").open(encoding="utf-8") as file:
        rows = {row["file"]: row["student"] for row in csv.DictReader(file)}
    assert rows == dict.fromkeys(kept, "anne") | {"caf\\udce9.ipynb": ""}


def test_what_ended_is_not_looked_for_again(tmp_path, monkeypatch):
    """Its number may be another process's by then."""
    write(tmp_path, "short", "1 + 1")
    monkeypatch.setattr(grading, "_end", lambda process: pytest.fail("it had ended"))
    mark = grading.grade_one(tmp_path / "short.ipynb", tmp_path / "gone.zip")
    assert mark.state == "could not be run"


def running(number):
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_the_system_ends_what_no_clock_stops(made, tmp_path):
    write(tmp_path, "endless", "while True:\n    pass")
    limits = grading.Limits(seconds=5).by_the_system()
    assert limits["RLIMIT_CPU"] == 15
    autograder = made / "autograders" / f"{NAME}.zip"
    files = tmp_path / "endless.ipynb", autograder, tmp_path / "marks.json"
    command = [sys.executable, "-m", "semg_lib.course.submission", *files, json.dumps(limits)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "Kernel died" in done.stderr
    assert not files[-1].exists()


def test_what_is_no_notebook_is_told_and_gets_no_points(tmp_path, capsys):
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "essay.docx").write_bytes(b"PK\x03\x04 not a notebook at all")
    (folder / "broken.ipynb").write_text('{"cells": [')
    (folder / "list.ipynb").write_text("[1, 2]")
    (tmp_path / f"{NAME}.zip").touch()
    rows = graded_by(tmp_path, folder)
    said = {name: (row["state"], row["total"], row["of"]) for name, row in rows.items()}
    assert said == dict.fromkeys(("essay", "broken", "list"), ("not a notebook", "0", "20"))
    assert "essay.docx (no identifier): not a notebook: " in capsys.readouterr().out


def test_marks_that_are_there_are_kept(tmp_path, capsys):
    """Somebody may have filled in what is graded by hand."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "essay.docx").write_bytes(b"not a notebook at all")
    (tmp_path / f"{NAME}.zip").touch()
    folder.with_suffix(".csv").write_text("by hand", encoding="utf-8")
    graded_by(tmp_path, folder)
    assert (tmp_path / "submissions-before-1.csv").read_text(encoding="utf-8") == "by hand"
    assert "kept as submissions-before-1.csv" in capsys.readouterr().out


def test_what_is_missing_is_told(tmp_path, capsys):
    assert grading.main([NAME, str(tmp_path), "--autograders", str(tmp_path)]) == 1
    assert "run make assignments" in capsys.readouterr().err
    (tmp_path / f"{NAME}.zip").write_bytes(b"")
    gone = tmp_path / "gone"
    assert grading.main([NAME, str(gone), "--autograders", str(tmp_path)]) == 1
    assert "is no folder of submissions" in capsys.readouterr().err

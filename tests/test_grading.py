"""A folder of submissions with everything in it that a folder of submissions has."""

import csv

import nbformat
import pytest

from semg_lib.course import grading

NAME = "1-signals"
OTTER = {"otter": {"assignment_name": NAME}}
BAD = {
    "endless": "while True:\n    pass",
    "greedy": "hoard = [bytearray(10**9) for _ in range(100)]",
    "writes-outside": "open('{outside}', 'w').write('I was here')",
    "removes-outside": "import os\nos.remove('{precious}')",
    "starts-a-program": "import subprocess\nsubprocess.run(['touch', '{outside}'])",
}


@pytest.fixture(scope="module")
def graded(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    outside, precious = elsewhere / "written.txt", elsewhere / "precious.txt"
    precious.write_text("kept")
    v4 = nbformat.v4
    for name, source in BAD.items():
        source = source.replace("{outside}", str(outside)).replace("{precious}", str(precious))
        cells = [v4.new_code_cell(f'student = "{name}"'), v4.new_code_cell(source)]
        nbformat.write(v4.new_notebook(cells=cells, metadata=OTTER), folder / f"{name}.ipynb")
    (folder / "essay.docx").write_bytes(b"PK\x03\x04 not a notebook at all")
    (folder / "broken.ipynb").write_text('{"cells": [')
    (folder / "list.ipynb").write_text("[1, 2]")
    good = v4.new_notebook(
        cells=[
            v4.new_code_cell('student = "anne"\nimport numpy as np\nfrom semg_lib import course'),
            v4.new_code_cell(
                "def segment(emg, length, step):\n"
                "    view = np.lib.stride_tricks.sliding_window_view(emg, length, axis=0)\n"
                "    return view[::step]"
            ),
            v4.new_code_cell("open('notes.txt', 'w').write('in my own folder')"),
        ],
        metadata=OTTER,
    )
    nbformat.write(good, folder / "good.ipynb")
    out = folder.with_suffix(".csv")
    status = grading.main(
        [NAME, str(folder), "--autograders", str(made / "autograders"), "--marks", str(out),
         "--seconds", "40"]
    )  # fmt: skip
    assert status == 0
    with out.open() as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    return rows, outside, precious


def test_each_is_reported_by_name(graded):
    rows, *_ = graded
    states = {name: row["state"] for name, row in rows.items()}
    assert states == {
        "endless.ipynb": "did not end",
        "greedy.ipynb": "asked for more memory than allowed",
        "writes-outside.ipynb": "tried to write outside its folder",
        "removes-outside.ipynb": "tried to write outside its folder",
        "starts-a-program.ipynb": "tried to start another program",
        "essay.docx": "not a notebook",
        "broken.ipynb": "not a notebook",
        "list.ipynb": "not a notebook",
        "good.ipynb": "graded",
    }
    assert rows["endless.ipynb"]["student"] == "endless"
    assert rows["endless.ipynb"]["note"] == "stopped after 40 s"


def test_nothing_outside_was_touched(graded):
    rows, outside, precious = graded
    assert not outside.exists()
    assert precious.read_text() == "kept"
    assert rows["writes-outside.ipynb"]["note"] == str(outside)


def test_the_others_get_their_points(graded):
    rows, *_ = graded
    assert rows["good.ipynb"]["q3"] == "3"
    assert rows["good.ipynb"]["total"] == "3"
    assert {row["of"] for row in rows.values()} == {"20"}
    assert rows["broken.ipynb"]["total"] == "0"


def test_what_is_missing_is_told(tmp_path, capsys):
    assert grading.main([NAME, str(tmp_path), "--autograders", str(tmp_path)]) == 1
    assert "run make assignments" in capsys.readouterr().err
    (tmp_path / f"{NAME}.zip").write_bytes(b"")
    gone = tmp_path / "gone"
    assert grading.main([NAME, str(gone), "--autograders", str(tmp_path)]) == 1
    assert "is no folder of submissions" in capsys.readouterr().err

"""Assignments: what students get, what full marks take, what typical mistakes cost."""

import ast
import copy
import json
import shutil
import zipfile

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from semg_lib.course import assignments, grading, students
from semg_lib.publishing import sources
from semg_lib.running import notebooks
from tests.test_colab import ADDRESS, setup
from tests.wrong_answers import ANSWERS

NAMES = assignments.names()


def with_name(notebook, student="anne"):
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace("your-identifier", student)
    return notebook


def wrong(notebook, name, answer):
    """Return a solution in which one answer is wrong."""
    notebook = with_name(notebook)
    master = notebooks.read(assignments.MASTERS / f"{name}.ipynb")
    [right] = [c.source.strip() for c in master.cells if c.id == f"{answer.question}-answer"]
    [cell] = [cell for cell in notebook.cells if cell.source.strip() == right]
    assert answer.old in cell.source, answer.name
    cell.source = cell.source.replace(answer.old, answer.new)
    return notebook


def test_there_are_five_with_four_wrong_answers_each():
    assert len(NAMES) == 5
    assert {name: len(ANSWERS[name]) for name in NAMES} == dict.fromkeys(NAMES, 4)


@pytest.mark.parametrize("name", NAMES)
def test_masters_are_clean_and_their_points_add_up(name):
    path = assignments.MASTERS / f"{name}.ipynb"
    notebook = notebooks.read(path)
    assert notebooks.to_text(sources.clean(notebook)) == path.read_text()
    tests: dict[str, float] = {}
    for cell in notebook.cells:
        if "-test-" in cell.id:
            [points] = [line for line in cell.source.splitlines() if line.startswith("points:")]
            question = cell.id.partition("-")[0]
            tests[question] = tests.get(question, 0) + float(points.removeprefix("points:"))
    assert tests == {q: points for q, points, by_hand in assignments.questions(name) if not by_hand}
    text = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for _, points, _ in assignments.questions(name):
        assert f"({points:g} points)" in text
    stated = notebook.cells[1].source
    assert f"**Points**: {assignments.points(name):g}" in stated
    assert "**You learn**" in stated
    assert "**Time**" in stated


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cell_is_the_books_with_otter_beside_it(name):
    source = setup(assignments.MASTERS / f"{name}.ipynb")
    book = setup(notebooks.FOLDER / "data.ipynb")
    assert source.replace('"dl-for-semg", "otter-grader"]', '"dl-for-semg"]') == book
    assert ADDRESS in source


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_students_get_neither_solutions_nor_hidden_tests(name, made):
    given = (made / "student" / f"{name}.ipynb").read_text()
    cells = [cell.source for cell in nbformat.reads(given, 4).cells]
    given_lines = {line.strip() for source in cells for line in source.splitlines()}
    text = json.dumps(json.loads(given), ensure_ascii=False)
    master = notebooks.read(assignments.MASTERS / f"{name}.ipynb")
    for cell in master.cells:
        if "-test-" in cell.id and "hidden: true" in cell.source:
            for line in cell.source.split("END TEST CONFIG")[1].splitlines():
                if line.startswith("assert"):
                    inner = json.dumps(line.strip(), ensure_ascii=False)[1:-1]
                    assert inner not in text, line
        if "-answer" in cell.id:
            for line in solution_lines(cell):
                assert line not in given_lines, line
    assert "# SOLUTION" not in given
    assert "'hidden': True" not in text
    assert '"hidden": true' not in text


def solution_lines(cell):
    """Return the lines of an answer that students must write themselves."""
    inside, found = False, []
    for line in cell.source.splitlines():
        bare = line.strip()
        if bare.startswith("# BEGIN SOLUTION"):
            inside = True
        elif bare.startswith("# END SOLUTION"):
            inside = False
        elif (inside and len(bare) > 8) or bare.endswith("# SOLUTION"):
            found.append(bare.removesuffix("# SOLUTION").strip())
    return found if cell.cell_type == "code" else cell.source.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_autograders_hold_the_hidden_tests(name, made):
    with zipfile.ZipFile(made / "autograders" / f"{name}.zip") as archive:
        tests = " ".join(
            archive.read(each).decode() for each in archive.namelist() if each.endswith(".py")
        )
    assert tests.count("'hidden': True") >= (4 if name == "5-design" else 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_solutions_get_full_marks_blanks_none_and_mistakes_what_they_cost(name, made, tmp_path):
    solution = notebooks.read(made / "solutions" / f"{name}.ipynb")
    full = {q: points for q, points, by_hand in assignments.questions(name) if not by_hand}
    expected = {"solution": full, "blank": dict.fromkeys(full, 0)}
    nbformat.write(with_name(solution), tmp_path / "solution.ipynb")
    shutil.copy(made / "student" / f"{name}.ipynb", tmp_path / "blank.ipynb")
    for answer in ANSWERS[name]:
        nbformat.write(wrong(solution, name, answer), tmp_path / f"{answer.name}.ipynb")
        expected[answer.name] = full | answer.left
    marks = list(grading.grade(tmp_path, made / "autograders" / f"{name}.zip", workers=2))
    assert {mark.file.removesuffix(".ipynb"): mark.points for mark in marks} == expected
    assert {mark.state for mark in marks} == {grading.GRADED}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_blanks_fail_clearly_and_the_given_code_never(name, made, tmp_path):
    notebook = notebooks.read(made / "student" / f"{name}.ipynb")
    shutil.copy(made / "student" / f"{name}.ipynb", tmp_path)
    resources = {"metadata": {"path": str(tmp_path)}}
    ran = NotebookClient(notebook, timeout=300, allow_errors=True, resources=resources).execute()
    checks = 0
    for cell in ran.cells:
        if cell.cell_type != "code":
            continue
        failed = [output for output in cell.outputs if output.output_type == "error"]
        # A blank that is used further down in its own cell may fail; what is given never.
        assert not failed or "otter_answer_cell" in notebooks.tags(cell), cell.source
        if cell.source.startswith("grader.check("):
            checks += 1
            [output] = [each for each in cell.outputs if each.output_type == "execute_result"]
            assert "failed" in output.data["text/plain"], cell.source
    assert checks == sum(not by_hand for *_, by_hand in assignments.questions(name))


def test_students_have_data_of_their_own_and_the_same_everywhere():
    options = {"movements": (1,)}
    anne, again, bob = (
        students.recording(name, "db1", "A", **options) for name in ("anne", " Anne", "bob")
    )
    np.testing.assert_array_equal(anne.emg, again.emg)
    assert anne.emg.shape != bob.emg.shape or not np.allclose(anne.emg, bob.emg)
    assert 0 <= students.seed("anne") < 2**31
    screen = students.recording("anne", "db1", "A", labels="stimulus", **options)
    np.testing.assert_array_equal(screen.emg, anne.emg)


def test_every_code_cell_of_a_master_is_python():
    for name in NAMES:
        for cell in notebooks.read(assignments.MASTERS / f"{name}.ipynb").cells:
            if cell.cell_type == "code":
                ast.parse(cell.source)

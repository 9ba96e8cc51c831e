"""The first cell of every notebook, in an environment like Colab's: it brings the library and the
records, and leaves what Colab has as it is.

It installs an environment of two gigabytes, so it runs where SEMG_COLAB is set, as in .ci/run.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from semg_lib.course import assignments
from semg_lib.running import notebooks

ROOT = Path(__file__).parent.parent
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
NOTEBOOKS = [*sorted(ROOT.glob("notebooks/*.ipynb")), ROOT / "template" / "notebook.ipynb"]


def setup(path):
    [cell] = [cell for cell in notebooks.read(path).cells if cell.get("id") == "setup"]
    return cell.source


def test_all_notebooks_have_the_same_first_cell_and_the_books_address():
    assert len({setup(path) for path in NOTEBOOKS}) == 1
    assert f'"{ADDRESS}"' in setup(NOTEBOOKS[0])
    for path in NOTEBOOKS:
        assert notebooks.read(path).cells[1].get("id") == "setup"


def test_elsewhere_the_first_cell_does_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", setup(NOTEBOOKS[0])], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == done.stderr == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("SEMG_COLAB"), reason="SEMG_COLAB is not set")
def test_in_colab_it_brings_library_and_records_and_leaves_the_rest(made, tmp_path):
    there = tmp_path / "content"
    there.mkdir()
    python = tmp_path / "colab" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "colab"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["OMP_NUM_THREADS"] = "1"
    how = {"cwd": there, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([*pip, "install", "-r", ROOT / "tests" / "colab.txt"], **how)
    assert done.returncode == 0, done.stderr

    def installed():
        listed = subprocess.run([*pip, "list", "--format", "json"], check=True, **how)
        return {each["name"].lower(): each["version"] for each in json.loads(listed.stdout)}

    before = installed()
    imports = [
        cell.source
        for path in NOTEBOOKS[:-1]
        for cell in notebooks.read(path).cells
        if cell.get("id") == "imports"
    ]
    cell = setup(NOTEBOOKS[0])
    program = "\n".join(
        [
            "import sys, types",
            "sys.modules['google.colab'] = types.ModuleType('google.colab')",
            cell,
            cell,  # run once more, as people do
            *imports,
            "from semg_lib.evaluation.records import load_records",
            "from semg_lib.learning import training",
            "assert load_records('atzori2016'), 'no records'",
            "print(training.pick_device('auto'))",
        ]
    )
    # The repository's address leads to this checkout, whatever is on the network.
    how["env"] = environment | {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
    }
    done = subprocess.run([python, "-c", program], **how)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("cpu", "cuda")
    after = installed()
    assert {name: after[name] for name in before} == before
    assert "semg_lib" in after or "semg-lib" in after

    # The assignments, on another day: their first cell brings Otter too.
    other = tmp_path / "another-day"
    other.mkdir()
    for name in assignments.names():
        shutil.copy(made / "student" / f"{name}.ipynb", other)
        solved = notebooks.read(made / "solutions" / f"{name}.ipynb")
        asked = [question for question, _, by_hand in assignments.questions(name) if not by_hand]
        program = "\n".join(
            [
                "import sys, types",
                "sys.modules['google.colab'] = types.ModuleType('google.colab')",
                *(each.source for each in solved.cells if each.cell_type == "code"),
                f"marks = {{q: grader.check(q).grade for q in {asked}}}",
                "assert set(marks.values()) == {1}, marks",
            ]
        )
        done = subprocess.run([python, "-c", program], **how | {"cwd": other})
        assert done.returncode == 0, f"{name}\n{done.stderr}"
    after = installed()
    assert {name: after[name] for name in before} == before

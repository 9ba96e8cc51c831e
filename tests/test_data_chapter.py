"""The chapter on data: what it finds in the sets of raw recordings, which the stored copy shows."""

import re

import pytest
from nbformat.v4 import new_code_cell

from semg_lib.publishing import build, executed
from semg_lib.running import notebooks

NEEDED = ("sets", "lda", "aging", "blocks")
# What others found by the same method on the same files.
KNOWN = {"trained on the first session": 0.723, "always trained anew": 0.919, "9 subjects": 0.918}


def printed(notebook):
    """Return the accuracies that a copy's cells print, by what they are of."""
    text = "".join(
        output.text
        for cell in notebook.cells
        if cell.get("id") in NEEDED
        for output in cell.outputs
        if output.output_type == "stream"
    )
    return {name: float(value) for name, value in re.findall(r"^(.*): (0\.\d+)", text, re.M)}


def run(root):
    """Run the cells that train and test on the raw sets, and what they need."""
    notebook = notebooks.read(notebooks.FOLDER / "data.ipynb")
    for cell in notebook.cells:
        if cell.id in NEEDED:
            cell.metadata["tags"] = [executed.TAG]
    given = new_code_cell(f"root = {str(root)!r}", metadata={"tags": ["injected-parameters"]})
    names = [cell.id for cell in notebook.cells]
    notebook.cells.insert(names.index("parameters") + 1, given)
    return printed(executed.fill(notebook, "data"))


def test_the_stored_copy_shows_what_others_found():
    shown = printed(notebooks.read(build.EXECUTED / "data.ipynb"))
    assert {name: shown[name] for name in KNOWN} == pytest.approx(KNOWN, abs=0.03)


@pytest.mark.slow
def test_look_alikes_say_so_and_lose_as_people_do():
    shown = run("")
    assert shown.pop("guessing") == pytest.approx(1 / 4, abs=0.001)
    once, anew, blocks = shown.values()
    assert all(name.startswith("simulated, ") for name in shown)
    assert once < anew - 0.1
    assert blocks > 0.8


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("real_sets")
def test_real_recordings_give_the_stored_numbers(real_data):
    shown = printed(notebooks.read(build.EXECUTED / "data.ipynb"))
    assert run(real_data) == pytest.approx(shown, abs=0.002)

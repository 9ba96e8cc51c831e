import ast
import contextlib
import json
import os
import socket
import subprocess
import sys
import time

import nbformat
import papermill
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from semg_lib.errors import DataError, RunError
from semg_lib.publishing import executed, sources
from semg_lib.publishing.sources import GOLDEN
from semg_lib.running import notebooks, sweep

FOLDER = notebooks.FOLDER
SOURCES = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture
def small(tmp_path):
    """A source with a parameters cell and two golden ones, before their text is stored."""
    cells = [
        new_markdown_cell("# Small", id="title"),
        new_code_cell("n = 2", id="parameters", metadata={"tags": ["parameters"]}),
        new_code_cell("print(1)\nprint(2)", id="one", metadata={"tags": [GOLDEN]}),
        new_code_cell("print(n * 3)", id="two", metadata={"tags": [GOLDEN]}),
        new_code_cell("n", id="echo", metadata={"collapsed": True}),
    ]
    path = tmp_path / "small.ipynb"
    path.write_text(notebooks.to_text(sources.clean(new_notebook(cells=cells))))
    return path


def nbval(path):
    command = [sys.executable, "-m", "pytest", "--nbval", str(path), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-n", "1", "--dist", "loadfile", "--rootdir", path.parent, "-c", os.devnull],
        cwd=path.parent, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_sources_are_clean(path):
    assert sources.problems(path) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_where_recordings_come_from_is_said_once(path):
    """A loop over other sets must not leave a later cell with the last of them."""
    code = [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code"]
    trees = [node for each in code for node in ast.walk(ast.parse(each))]
    names = [n.id for n in trees if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    assert names.count("source") == 1


def test_golden_cells_are_stored_compared_and_stable(small):
    assert sources.problems(small)
    sources.main(["golden", str(small)])
    assert sources.problems(small) == []
    before = small.read_bytes()
    sources.main(["golden", str(small)])
    sources.main(["clean", str(small)])
    assert small.read_bytes() == before
    assert nbval(small)[0] == 0
    small.write_text(small.read_text().replace('"6\\n"', '"7\\n"'))
    status, output = nbval(small)
    assert status == 1, output
    assert "1 failed" in output


def test_cleaning_takes_out_what_running_leaves(small):
    notebook = notebooks.read(small)
    for number, cell in enumerate(notebook.cells[1:], 1):
        cell.execution_count = number
        cell.metadata["papermill"] = {"duration": 1.0}
    notebook.cells[4].outputs = [new_output("stream", text="2\n")]
    notebook.cells.insert(2, new_code_cell("n = 9", metadata={"tags": ["injected-parameters"]}))
    notebook.metadata["papermill"] = {"output_path": "somewhere"}
    cleaned = sources.clean(notebook)
    text = notebooks.to_text(cleaned)
    assert "papermill" not in text
    assert "injected" not in text
    assert [c.get("outputs", []) for c in cleaned.cells] == [[]] * 5


# As on a machine whose text is not UTF-8: here it is ASCII.
FOREIGN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_no_locale_changes_a_notebook(tmp_path):
    before = {tmp_path / path.name: path.read_bytes() for path in SOURCES}
    assert any(not content.isascii() for content in before.values())
    for path, content in before.items():
        path.write_bytes(content)
    command = [sys.executable, "-m", "semg_lib.publishing.sources", "clean", *before]
    subprocess.run(command, env=os.environ | FOREIGN, cwd=FOLDER.parent, check=True)
    assert {path: path.read_bytes() for path in before} == before


def test_what_a_terminal_cannot_show_is_printed_as_an_escape():
    program = "from semg_lib.errors import plain_output; plain_output(); print('5 \\xb1 1')"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | FOREIGN, capture_output=True
    )
    assert done.stdout == b"5 \\xb1 1\n"


def test_a_notebook_runs_in_the_python_that_runs_it(tmp_path, monkeypatch):
    """Whatever the path of kernels, the home or the notebook's own metadata name."""
    for place in (tmp_path / "path", tmp_path / "home" / ".local/share/jupyter"):
        named = place / "kernels" / "python3" / "kernel.json"
        named.parent.mkdir(parents=True)
        spec = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
        named.write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "path"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cell = new_code_cell("import sys\nprint(sys.executable)", metadata={"tags": [executed.TAG]})
    about = {"kernelspec": {"name": "conda-env-py", "display_name": "x", "language": "python"}}
    notebook = new_notebook(cells=[cell], metadata=about)
    (tmp_path / "a.ipynb").write_text(notebooks.to_text(notebook))
    notebooks.run(tmp_path / "a.ipynb", tmp_path / "b.ipynb", {}, quiet=True)
    for ran in (notebooks.read(tmp_path / "b.ipynb"), executed.fill(notebook, "a")):
        assert ran.cells[-1].outputs[0].text == f"{sys.executable}\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os\nos.kill(os.getpid(), 9)", "process was killed, .* is kept in .*goes on from"),
        ("raise OSError(28, 'No space left', '/x/record.json')", r"^\[Errno 28\] .*record.json'$"),
        ("1 / 0", "cell .* failed with ZeroDivisionError: .*; the traceback is in "),
    ],
)
def test_what_ends_a_notebook_is_one_line(tmp_path, source, said):
    notebook = new_notebook(cells=[new_code_cell(source)])
    (tmp_path / "a.ipynb").write_text(notebooks.to_text(notebook))
    with pytest.raises(RunError, match=said) as told:
        notebooks.run(tmp_path / "a.ipynb", tmp_path / "out" / "b.ipynb", {}, quiet=True)
    assert "\n" not in str(told.value)


def test_what_the_system_refuses_a_notebook_names_the_place(tmp_path, monkeypatch):
    """Papermill writes after every cell, and does not say where."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(papermill, "execute_notebook", full)
    (tmp_path / "a.ipynb").write_text(notebooks.to_text(new_notebook()), encoding="utf-8")
    with pytest.raises(OSError, match=r"\[Errno 28\] No space left on device: '.*/b\.ipynb'"):
        notebooks.run(tmp_path / "a.ipynb", tmp_path / "b.ipynb", {}, quiet=True)


def test_a_name_that_is_no_text_is_told(tmp_path):
    with pytest.raises(DataError, match=r"e/caf.: this name is no UTF-8"):
        notebooks.run("a.ipynb", tmp_path / "b.ipynb", {"root": os.fsdecode(b"e/caf\xe9")})


def test_a_machine_without_an_address_of_its_own_is_told(tmp_path, monkeypatch):
    def unreachable(*_):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    (tmp_path / "a.ipynb").write_text(notebooks.to_text(new_notebook()), encoding="utf-8")
    said = "127.0.0.1: Network is unreachable; bring .* up: ip link set lo up"
    with pytest.raises(RunError, match=said):
        notebooks.run(tmp_path / "a.ipynb", tmp_path / "b.ipynb", {}, quiet=True)
    with pytest.raises(RunError, match=said), sweep.cluster("local", 1):
        pass


@pytest.mark.parametrize("text", ["", "[", '{"cells": [', "\xe9"])
def test_what_is_no_notebook_is_told(tmp_path, text):
    (tmp_path / "a.ipynb").write_bytes(text.encode("cp1252"))
    with pytest.raises(DataError, match=r"a\.ipynb: not a notebook"):
        notebooks.read(tmp_path / "a.ipynb")


def test_a_byte_order_mark_does_not_matter(small):
    plain = notebooks.read(small)
    small.write_text(small.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert notebooks.read(small) == plain


def test_problems_are_found(small):
    notebook = sources.clean(notebooks.read(small))
    notebook.cells[4].source = "\n".join(["x = 1"] * 21) + ";"
    notebook.cells[1].metadata = nbformat.from_dict({})
    small.write_text(notebooks.to_text(notebook))
    found = "\n".join(sources.problems(small))
    for said in ("tagged parameters", "golden", "21 lines", "semicolon"):
        assert said in found


def test_parameters_take_effect_and_appear(small, tmp_path):
    out = tmp_path / "out" / "executed.ipynb"
    notebooks.run(small, out, {"n": 5}, quiet=True)
    executed = notebooks.read(out)
    assert any(
        output.get("text") == "15\n" for c in executed.cells for output in c.get("outputs", [])
    )


def test_a_failing_cell_is_one_line(small, tmp_path):
    def failing(code):
        notebook = notebooks.read(small)
        notebook.cells[4].source = code
        small.write_text(notebooks.to_text(notebook))
        with pytest.raises(RunError) as error:
            notebooks.run(small, tmp_path / "executed.ipynb", {}, quiet=True)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert failing("raise ValueError('no such file: x')") == "no such file: x"
    said = failing("1 / 0")
    assert "ZeroDivisionError" in said
    assert "traceback is in" in said


def test_published_copies_hold_no_traces_and_have_alternative_texts(small, tmp_path):
    notebook = notebooks.read(small)
    code = "from semg_lib import figures\nfigures.curves({'a': [2.0, 1.0]})"
    notebook.cells[4].source = "import sys\nprint('war' + 'ned', file=sys.stderr)\n" + code
    small.write_text(notebooks.to_text(notebook))
    out = tmp_path / "executed.ipynb"
    notebooks.run(small, out, {"n": 3, "root": str(tmp_path)}, quiet=True)
    copy = sources.publish(notebooks.read(out), "Run on nothing.")
    text = notebooks.to_text(copy)
    for trace in ("papermill", "warned", str(tmp_path), "start_time"):
        assert trace not in text
    assert "Run on nothing." in copy.cells[1].source
    assert copy.cells[-1].metadata["mystnb"]["image"]["alt"].startswith("Training loss")


def test_files_that_are_no_notebooks_are_told(tmp_path, capsys):
    with pytest.raises(DataError, match="no such notebook"):
        notebooks.read(tmp_path / "none.ipynb")
    (tmp_path / "bad.ipynb").write_text("hello")
    with pytest.raises(DataError, match="not a notebook"):
        notebooks.read(tmp_path / "bad.ipynb")
    for nonsense in ([], ["polish"]):
        assert sources.main(nonsense) == 2
        assert "usage: python -m semg_lib.publishing.sources clean | " in capsys.readouterr().out


def test_what_goes_wrong_is_one_line_of_every_module(tmp_path, monkeypatch, capsys):
    (tmp_path / "bad.ipynb").write_text("hello")
    for verb in sources.VERBS:
        assert sources.main([verb, str(tmp_path / "bad.ipynb")]) == 1
        assert capsys.readouterr().err == f"sources: {tmp_path}/bad.ipynb: not a notebook\n"

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "problems", stop)
    assert sources.main(["check"]) == 130
    assert capsys.readouterr().err.startswith("sources: stopped; what is whole is kept: type ")


def test_check_prints_and_fails(small, capsys):
    assert sources.main(["check", str(small)]) == 1
    assert "small.ipynb: " in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("paper", ["geng2016"])
def test_one_core_and_two_gigabytes_are_enough_for_a_quick_run(tmp_path, paper):
    """Resident memory of the command and of all that it starts, shared pages counted each time."""
    code = "from semg_lib.cli import main; main()"
    run = [sys.executable, "-c", code, "run", paper, "--out", str(tmp_path / "out")]
    most = 0
    with (tmp_path / "said.txt").open("w") as log, psutil.Popen(run, stdout=log, stderr=log) as it:
        if hasattr(it, "cpu_affinity"):
            it.cpu_affinity(it.cpu_affinity()[:1])
        while it.poll() is None:
            now = 0
            for each in [it, *it.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    now += each.memory_info().rss
            most = max(most, now)
            time.sleep(0.1)
    assert it.returncode == 0, (tmp_path / "said.txt").read_text()
    assert 2**28 < most < 2 * 2**30

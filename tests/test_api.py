"""What ``import semg_lib`` gives, and what it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import semg_lib


def annotated():
    """Return, by name, the modules that the imports for type checkers take the API from."""
    tree = ast.parse(Path(semg_lib.__file__).read_text(encoding="utf-8"))
    return {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semg_lib")
        for alias in node.names
    }


@pytest.mark.parametrize("name", semg_lib.__all__)
def test_a_public_name_is_what_editors_think_it_is(name):
    value = getattr(semg_lib, name)
    assert value is getattr(sys.modules[annotated()[name]], name)
    assert name in dir(semg_lib)


def test_the_lists_of_public_names_agree():
    assert sorted(annotated()) == sorted(semg_lib.__all__)
    with pytest.raises(AttributeError, match="no attribute 'load_recording'"):
        _ = semg_lib.load_recording


def test_the_package_says_that_it_is_typed():
    assert (Path(semg_lib.__file__).parent / "py.typed").is_file()


def loaded(program):
    """Return the modules that a program has imported at its end, without what Python starts."""
    ask = "import sys; before = set(sys.modules)\n{}\nprint(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", ask.format(program)], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_library_imports_nothing_else():
    found = loaded("import semg_lib")
    assert "semg_lib" in found
    assert not found & {"torch", "numpy", "pandas", "typer", "pydantic"}
    assert "numpy" in loaded("from semg_lib import Recording")

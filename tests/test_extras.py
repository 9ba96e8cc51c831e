"""Packages: each room imports only what its extra declares, and the core does without extras."""

import ast
import contextlib
import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")  # Python 3.11 and later

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "semg_lib"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = ("recordings", "signals", "learning", "evaluation", "figures", "papers", "studies")
EXTRA_OF = {"download": "download", "running": "run", "course": "course", "publishing": "book"}
EXTRA_OF |= {"cli": "run"}
# Used without an import: by pandas, as papermill's kernel, in commands and Sphinx's configuration.
INDIRECT = {"tabulate", "ipykernel", "otter-grader", "jupyter-book", "sphinx-exercise"}
INDIRECT |= {"sphinx-mathjax-offline"}
DISTRIBUTIONS = importlib.metadata.packages_distributions()


def normal(distribution):
    return distribution.lower().replace("_", "-")


def names(requirements):
    """Return normalised names of distributions; an extra that names another holds its too."""
    found = set()
    for text in requirements:
        if extra := re.fullmatch(r"semg_lib\[(\w+)\]", text):
            found |= names(PROJECT["optional-dependencies"][extra[1]])
        else:
            found.add(normal(re.split(r"[<>=!~;(\[ ]", text)[0]))
    return found


DECLARED = {extra: names(of) for extra, of in PROJECT["optional-dependencies"].items()}
DEPENDENCIES = names(PROJECT["dependencies"])


def imports(path):
    """Yield (distributions, whether it is imported with the module) of other people's packages."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module]
        else:
            continue
        for module in {each.partition(".")[0] for each in modules}:
            if module not in sys.stdlib_module_names and module != "semg_lib":
                of = {normal(each) for each in DISTRIBUTIONS.get(module, [module])}
                yield of, node in tree.body


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_what_a_room_imports_is_declared(path):
    room = path.relative_to(PACKAGE).with_suffix("").parts[0]
    anywhere = DEPENDENCIES.union(*DECLARED.values())
    at_once = DEPENDENCIES | (DECLARED[EXTRA_OF[room]] if room in EXTRA_OF else set())
    for of, with_module in imports(path):
        assert of & (at_once if with_module else anywhere), f"{path}: {of} is declared nowhere"


def test_what_is_declared_is_used():
    sources = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "book" / "_ext").glob("*.py")]
    used = set().union(*(of for path in sources for of, _ in imports(path)))
    assert not DEPENDENCIES.union(*DECLARED.values()) - used - INDIRECT


def brought(distributions):
    """Return what pip installs with distributions: theirs, their requirements', and so on."""
    found, waiting = set(), {*distributions}
    while waiting:
        found.add(distribution := waiting.pop())
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # on other systems only
            needs = importlib.metadata.requires(distribution) or []
            waiting |= names(need for need in needs if "extra ==" not in need) - found
    return found


def without_extras(program):
    """Run a program where no package of an extra can be imported; return what it said."""
    gone = set().union(*DECLARED.values()) - brought(DEPENDENCIES)
    modules = [name for name, of in DISTRIBUTIONS.items() if gone & {*map(normal, of)}]
    assert {"papermill", "distributed", "pooch", "typer"} <= set(modules)
    modules.remove("IPython")  # a notebook runs in it
    block = f"import sys; sys.modules.update(dict.fromkeys({modules}))\n"
    done = subprocess.run(
        [sys.executable, "-"], input=block + program, capture_output=True, text=True, cwd=ROOT
    )
    return done.stderr


@pytest.mark.slow
def test_the_core_does_without_extras():
    paths = [path for room in CORE for path in sorted((PACKAGE / room).rglob("[!_]*.py"))]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    assert without_extras(f"import {', '.join(modules)}\nassert 'IPython' not in sys.modules") == ""


@pytest.mark.slow
def test_notebooks_do_without_extras():
    """Colab's first cell installs the core, and nothing else."""
    lines = set()
    for path in [*ROOT.glob("notebooks/**/*.ipynb"), ROOT / "template" / "notebook.ipynb"]:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            code = "".join(cell["source"]) if cell["cell_type"] == "code" else ""
            found = re.findall(r"^(?:from|import) semg_lib[^(\n]*$", code, re.MULTILINE)
            lines |= {line for line in found if "template2000" not in line}
    assert len(lines) > 20
    assert without_extras("\n".join(sorted(lines))) == ""

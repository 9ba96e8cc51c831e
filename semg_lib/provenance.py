"""Where a result comes from: the code, the versions and the device that made it."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import io
import platform
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from semg_lib import precision

PACKAGE = Path(__file__).parent

# Where a score comes from: the paper's own functions, how recordings are simulated, and how
# predictions are scored. Everything these reach counts, and nothing else. How files are read does
# not: a record holds a hash of every recording that was read.
_PAPER = {False: ("Settings", "replicate", "study")}
_PAPER[True] = (*_PAPER[False], "drift_study", "crosstalk_study")  # of the simulator
_SCORE = (("evaluation", "Outcome"), ("evaluation", "confusion"))
_SIMULATED = ("synthetic", "simulate")


def code_hash(paper: str, *, simulated: bool) -> str:
    """Return a hash of the code that a score depends on; comments and docstrings do not count."""
    digest = hashlib.sha256()
    for module, name in reached(paper, simulated=simulated):
        digest.update(f"{module}.{name}\n{_module(module).text(name)}\n".encode())
    return digest.hexdigest()[:12]


def reached(paper: str, *, simulated: bool) -> list[tuple[str, str]]:
    """Return the definitions that a paper's scores depend on, as sorted (module, name).

    A definition is reached if a reached one names it, however unlikely that it is called: what
    is found is never too little.
    """
    module = f"papers.{paper}"
    if not (PACKAGE / "papers" / f"{paper}.py").is_file():
        module = paper  # what sets papers side by side is a module of its own
    left = [(module, name) for name in _PAPER[simulated]] + [*_SCORE]
    left += [_SIMULATED] if simulated else []
    found: set[tuple[str, str]] = set()
    while left:
        module, name = left.pop()
        if (module, name) in found or name not in _module(module).statements:
            continue
        found.add((module, name))
        left.extend(_module(module).uses(name))
        left.extend((module, each) for each in _module(module).effects)
    return sorted(found)


@dataclass(frozen=True)
class _Module:
    """One module of the library: what its top level defines, and what its imports stand for."""

    name: str
    lines: list[str]  # without comments and docstrings
    statements: dict[str, list[ast.stmt]]  # what defines or changes a name
    imports: dict[str, tuple[str, str]]  # alias: module and name; no name is the module itself
    effects: list[str]  # statements that bind no name act on whoever imports the module

    def text(self, name: str) -> str:
        """Return the source of a definition."""
        parts = []
        for statement in self.statements[name]:
            decorators = getattr(statement, "decorator_list", [])
            first = min(each.lineno for each in (statement, *decorators))
            parts.extend(self.lines[first - 1 : statement.end_lineno])
        return "\n".join(line for line in parts if line)

    def uses(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the library's definitions that a definition names."""
        for statement in self.statements[name]:
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    module, own = self.imports.get(node.value.id, ("", ""))
                    if module and not own:
                        yield module, node.attr
                elif isinstance(node, ast.Name):
                    module, own = self.imports.get(node.id, (self.name, node.id))
                    if own:
                        yield module, own


@functools.cache
def _module(name: str) -> _Module:
    source = (PACKAGE / f"{name.replace('.', '/')}.py").read_text()
    tree = ast.parse(source)
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semg_lib"):
            package = node.module.removeprefix("semg_lib").removeprefix(".")
            for alias in node.names:
                inner = f"{package}.{alias.name}".removeprefix(".")
                is_module = (PACKAGE / f"{inner.replace('.', '/')}.py").is_file()
                known = alias.asname or alias.name
                imports[known] = (inner, "") if is_module else (package, alias.name)
    statements: dict[str, list[ast.stmt]] = {}
    effects = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _is_docstring(statement):
            continue
        bound = set(_bound(statement))
        if not bound:
            bound = {f"line {statement.lineno}"}
            effects.extend(bound)
        for each in bound:
            statements.setdefault(each, []).append(statement)
    return _Module(name, _bare(source, tree), statements, imports, effects)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a top-level statement defines or changes."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            while isinstance(node, ast.Subscript | ast.Attribute):
                node = node.value
            if isinstance(node, ast.Name):
                yield node.id


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bare(source: str, tree: ast.Module) -> list[str]:
    """Return the lines of Python source, those of comments and docstrings empty."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree):
        if _is_docstring(node):
            for row in range(node.lineno - 1, node.end_lineno):
                lines[row] = ""
    return [line.rstrip() for line in lines]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a score depends on."""
    names = ("torch", "numpy", "scipy", "scikit-learn", "PyWavelets")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in names
    }


def device_name(device: str) -> str:
    """Return the device in words: the GPU's name, or the processor and what it is made for."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    half = ", bfloat16" if precision.pick("auto", device) == "bfloat16" else ""
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads{half})"

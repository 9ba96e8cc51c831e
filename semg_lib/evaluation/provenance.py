"""Where a result comes from: the code, the versions and the device that made it."""

from __future__ import annotations

import ast
import copy
import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from semg_lib.learning.precision import pick

PACKAGE = Path(__file__).parent.parent

# Where a score comes from: the paper's own settings, comparison and studies, and how predictions
# are scored, in a study's own way too. Everything these reach counts, and nothing else. How files
# are read does not: a record holds a hash of every recording that was read. What movements are
# called does not, either. The simulator counts where it was used.
_PAPER = ("Settings", "replicate", "STUDIES", "SCORE")
_ENTRY = ("look", "method")
_SCORE = (("evaluation.scores", "score"), ("evaluation.scores", "confusion"))
_SIMULATE = ("recordings.simulator", "simulate")
_SIMULATOR = ("recordings.simulator", "recordings.forearm")
_READING = tuple(
    f"recordings.{name}"
    for name in ("source", "files", "matlab", "registered", "ninapro", "held", "text", "movements")
)
_OTHERS = ("recordings.databases", "_learn")  # runs a user's own file


def code_hash(paper: str, *, simulated: bool, entries: Sequence[str] = ()) -> str:
    """Return a digest of the definitions that a score depends on.

    Of a study that sets papers side by side the ``entries`` count that ran, and no other.

    It is taken from their syntax trees: comments, docstrings, annotations of functions, the notes
    on settings, the format of the source and the place of a definition do not count. A definition
    of the library is written by its bare name wherever it is used, so moving one to another
    module changes nothing, and renaming one does.
    """
    texts = [
        f"{name} {_text(own.canonical(statement))}"
        for module, name in reached(paper, simulated=simulated, entries=entries)
        for own in [_module(module)]
        for statement in own.statements[name]
    ]
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:12]


def reached(paper: str, *, simulated: bool, entries: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return the definitions that a paper's scores depend on, as sorted (module, name).

    A definition is reached if a reached one names it, however unlikely that it is called: what
    is found is never too little, but for which exercises of a simulated subject there are.
    """
    room = "papers" if (PACKAGE / "papers" / f"{paper}.py").is_file() else "studies"
    left = [(f"{room}.{paper}", name) for name in _PAPER] + [*_SCORE]
    left += [(f"studies.entries.{entry}", name) for entry in entries for name in _ENTRY]
    left += [_SIMULATE] if simulated else []
    found: set[tuple[str, str]] = set()
    while left:
        module, name = _resolve(*left.pop())
        if (module, name) in found or name not in _module(module).statements:
            continue
        if module in _READING or (module, name) == _OTHERS:
            continue
        if module in _SIMULATOR and not simulated:
            continue
        found.add((module, name))
        left.extend(_module(module).uses(name))
        left.extend((module, each) for each in _module(module).effects)
    return sorted(found)


def _resolve(module: str, name: str) -> tuple[str, str]:
    """Return where a name is defined that a module may only have imported."""
    while name not in _module(module).statements:
        inner, own = _module(module).imports.get(name, ("", ""))
        if not own:
            break
        module, name = inner, own
    return module, name


@dataclass(frozen=True)
class _Module:
    """One module of the library: what its top level defines, and what its imports stand for."""

    name: str
    statements: dict[str, list[ast.stmt]]  # what defines or changes a name
    imports: dict[str, tuple[str, str]]  # alias: module and name; no name is the module itself
    effects: list[str]  # statements that bind no name act on whoever imports the module

    def named(self, node: ast.AST) -> tuple[str, str]:
        """Return the library's definition that an expression names; none is ("", "")."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, own = self.imports.get(node.value.id, ("", ""))
            return (module, node.attr) if module and not own else ("", "")
        if isinstance(node, ast.Name):
            module, own = self.imports.get(node.id, (self.name, node.id))
            return (module, own) if own else ("", "")
        return "", ""

    def uses(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the library's definitions that a definition names."""
        for statement in self.statements[name]:
            nodes = [*ast.walk(_bare(statement))]
            for node in ast.walk(statement):
                # An annotation runs nothing, but tells whose methods are called.
                for field in ("annotation", "returns"):
                    annotation = getattr(node, field, None)
                    nodes += ast.walk(annotation) if annotation else []
            yield from (each for each in map(self.named, nodes) if each[1])

    def canonical(self, statement: ast.stmt) -> ast.stmt:
        """Return a statement as it counts: bare, and free of the place of what it names."""
        module = self

        class Place(ast.NodeTransformer):
            def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
                found, own = module.named(node)
                return ast.Name(own, ast.Load()) if found else self.generic_visit(node)

            def visit_Name(self, node: ast.Name) -> ast.AST:
                own = module.imports.get(node.id, ("", ""))[1]
                return ast.Name(own or node.id, ast.Load())

        return Place().visit(_bare(statement))


class _Bare(ast.NodeTransformer):
    """Takes away what no score depends on."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_docstring(node) else self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for each in node.body:
            if isinstance(each, ast.AnnAssign):  # of a dataclass: it makes a field
                each.simple = 2
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.simple == 2:
            return self.generic_visit(node)
        if node.value is None:
            return None
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Keep of a setting its value; its mark and its note are words about it."""
        node.keywords = [each for each in node.keywords if each.arg != "marks"]
        if isinstance(node.func, ast.Name) and node.func.id == "setting":
            node.args = node.args[:1]
        return self.generic_visit(node)


def _bare(statement: ast.stmt) -> ast.stmt:
    return _Bare().visit(copy.deepcopy(statement))


def _text(node: object) -> str:
    """Return a syntax tree as text that all versions of Python write alike."""
    if isinstance(node, list):
        return "[" + ",".join(_text(each) for each in node) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = [
        f"{name}={_text(value)}"
        for name, value in ast.iter_fields(node)
        if value not in (None, []) and name not in ("ctx", "kind", "type_comment")
    ]
    constant = isinstance(node, ast.Constant) and node.value is None
    return f"{type(node).__name__}({','.join(parts)}{'value=None' if constant else ''})"


@functools.cache
def _module(name: str) -> _Module:
    path = PACKAGE / name.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semg_lib"):
            package = (node.module or "").removeprefix("semg_lib").removeprefix(".")
            for alias in node.names:
                inner = f"{package}.{alias.name}".removeprefix(".")
                known = alias.asname or alias.name
                imports[known] = (inner, "") if _is_module(inner) else (package, alias.name)
    statements: dict[str, list[ast.stmt]] = {}
    effects: list[str] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _is_docstring(statement):
            continue
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            continue  # nothing of it runs
        bound = set(_bound(statement))
        if not bound:
            bound = {f"statement {len(effects)}"}
            effects.extend(bound)
        for each in bound:
            statements.setdefault(each, []).append(statement)
    return _Module(name, statements, imports, effects)


def _is_module(name: str) -> bool:
    path = PACKAGE / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


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


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a score depends on."""
    names = ("torch", "numpy", "scipy", "scikit-learn", "PyWavelets")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in names
    }


def device_name(device: str, precision: str = "auto") -> str:
    """Return the device in words: the GPU's name, or the processor and what it computed in."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    n = torch.get_num_threads()
    return f"CPU ({platform.machine()}, {n} thread{'s' * (n > 1)}, {pick(precision, device)})"

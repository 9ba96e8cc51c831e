"""Sphinx extension: what the pages about the library take from its source.

``{public}`` lists the names that ``semg_lib`` exports, ``{rooms}`` says what is in each room,
``{room} NAME`` documents the modules of a room from their docstrings, ``{lines}`` counts the lines
of a file, or of all files that the page counts.
"""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole

import semg_lib

PACKAGE = Path(semg_lib.__file__).parent
# In the order of their imports.
ROOMS = (
    *("errors", "recordings", "signals", "learning", "evaluation", "figures", "papers", "studies"),
    *("download", "running", "course", "publishing", "cli"),
)
_COUNTED = re.compile(r"\{lines\}`([^`]+\.py)`")
_MODULE = """```{{eval-rst}}
.. rubric:: {name}

.. automodule:: {name}
   :members:
```
"""


def _room(name: str) -> ModuleType:
    return importlib.import_module(f"semg_lib.{name}")


def modules(room: str) -> list[str]:
    """Return a room's modules, by their whole names: a room that is a module is one."""
    name, path = f"semg_lib.{room}", getattr(_room(room), "__path__", None)
    inner = [each.name for each in pkgutil.walk_packages(path, f"{name}.")] if path else [name]
    return sorted(inner)


def n_lines(names: list[str]) -> int:
    """Return how many lines some files of the library have."""
    return sum(len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) for name in names)


def _first_sentence(value: object) -> str:
    text = (inspect.getdoc(value) or "").partition("\n\n")[0]
    return re.sub(r"`+([^`]+)`+", r"`\1`", " ".join(text.split()))


class _Generated(SphinxDirective):
    """A directive that stands for Markdown."""

    def run(self) -> list[nodes.Node]:
        container = nodes.container()
        lines = StringList(self.markdown().splitlines(), self.get_location())
        self.state.nested_parse(lines, self.content_offset, container)
        return container.children


class Public(_Generated):
    """The names that the library exports, each with what it is."""

    def markdown(self) -> str:
        lines = []
        for name in semg_lib.__all__:
            value = getattr(semg_lib, name)
            if isinstance(value, dict):
                known = ", ".join(f"`{each}`" for each in value)
                lines += [f"`{name}`", f": What is known by the names {known}.", ""]
                continue
            role = "class" if inspect.isclass(value) else "func"
            link = f"{{py:{role}}}`{name} <{value.__module__}.{value.__qualname__}>`"
            lines += [link, f": {_first_sentence(value)}", ""]
        return "\n".join(lines)


class Rooms(_Generated):
    """The rooms, each with what is in it."""

    def markdown(self) -> str:
        rows = ["```{table} The rooms of the library.", "| room | what is in it |", "| :-- | :-- |"]
        rows += [f"| `{room}` | {_first_sentence(_room(room))} |" for room in ROOMS]
        return "\n".join([*rows, "```"])


class Room(_Generated):
    """What is in a room, and its modules' public functions and classes."""

    required_arguments = 1

    def markdown(self) -> str:
        name = self.arguments[0]
        found = [_MODULE.format(name=each) for each in modules(name)]
        # A room that is one module says itself what is in it.
        about = [_first_sentence(_room(name)), ""] if len(found) > 1 else []
        return "\n".join([*about, *found])


class Lines(SphinxRole):
    """The number of lines of a file of the library; of all that the page counts, if ``all``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        names = [self.text]
        if self.text == "all":
            names = _COUNTED.findall(
                Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
            )
        for name in names:
            self.env.note_dependency(str(PACKAGE / name))
        return [nodes.Text(f"{n_lines(names):,}")], []


def setup(app) -> dict:
    app.add_directive("public", Public)
    app.add_directive("rooms", Rooms)
    app.add_directive("room", Room)
    app.add_role("lines", Lines())
    return {"parallel_read_safe": True, "parallel_write_safe": True}

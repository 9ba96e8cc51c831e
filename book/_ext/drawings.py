"""Sphinx extension: drawings in the page's own colours, made at every build.

``{drawing}`` as a directive is a figure with a caption and a number, of one or more drawings; as a
role it is a small one in a line. Both name files below ``book/generated`` without their ending.
"""

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective, SphinxRole


def _svg(user, name: str) -> nodes.raw:
    path = Path(user.env.srcdir, "book", "generated", f"{name}.svg")
    user.env.note_dependency(str(path))
    return nodes.raw("", path.read_text(encoding="utf-8"), format="html")


class Drawing(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        figure = nodes.figure("", *(_svg(self, name) for name in self.arguments[0].split()))
        figure["classes"].append("drawn")
        caption, _ = self.parse_inline("\n".join(self.content), lineno=self.content_offset)
        figure += nodes.caption("", "", *caption)
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]


class Small(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list]:
        return [_svg(self, self.text)], []


def setup(app) -> dict:
    app.add_directive("drawing", Drawing)
    app.add_role("drawing", Small())
    return {"parallel_read_safe": True, "parallel_write_safe": True}

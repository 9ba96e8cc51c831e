"""Sphinx extension: what a page must wait for before it is seen, cut to what it needs.

Scripts run when the page is there, MathJax comes where there is mathematics, and of the theme's two
thousand icons, which a script of 1.5 MB draws, those that pages show become a style sheet.
"""

import re
from pathlib import Path

from docutils import nodes

from semg_lib.evaluation.writing import write_atomically

ICONS = "icons.css"
_USED = re.compile(r'class="[^"]*\bfa[bs]?\b[^"]*|class="[^"]*\bfa-solid\b[^"]*')
_LATER = """addEventListener("load", () => {{
  document.head.append(Object.assign(document.createElement("script"), {{ src: "{}" }}));
}});"""
_RULES = """:is(.fas, .fa-solid, .fab) {
  background: currentcolor;
  display: inline-block;
  height: 1em;
  mask: var(--icon) center / contain no-repeat;
  vertical-align: -0.125em;
  width: var(--width);
}
:is(.fas, .fa-solid, .fab)::before { content: none; }
.fa-lg { font-size: 1.25em; }
"""
_ICON = """.{name} {{
  --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
viewBox='0 0 {width} {height}'%3E%3Cpath d='{path}'/%3E%3C/svg%3E");
  --width: {wide:.3g}em;
}}
"""


def _lighten(app, pagename, template, context, doctree) -> None:
    context["css_files"] = [
        each for each in context["css_files"] if "thebe" not in str(each.filename)
    ]
    formulas = doctree is not None and any(
        doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block))
    )
    kept = []
    for script in context["script_files"]:
        name, body = str(script.filename or ""), script.attributes.get("body", "")
        if "mathjax" in f"{name} {body}".lower():
            if not formulas:
                continue
            if name:  # a megabyte, which comes when all else is there
                own = _LATER.format(context["pathto"](name, 1))
                script = type(script)(None, priority=script.priority, body=own)
        # The search page's own scripts, which the theme has wait for nothing, need what is before.
        elif name and pagename != "search" and "documentation_options" not in name:
            own = script.attributes | {"defer": "defer"}
            script = type(script)(script.filename, priority=script.priority, **own)
        kept.append(script)
    context["script_files"] = kept


def icons(pages: str, script: str) -> str:
    """Return the style sheet of the icons that pages show, taken from the theme's script.

    Parameters
    ----------
    pages : str
        HTML of all pages.
    script : str
        Font Awesome's, which defines its solid icons last.

    Raises
    ------
    ValueError
        If the script has no such icon.
    """
    names = {
        name
        for found in _USED.findall(pages)
        for name in re.findall(r"\bfa-[a-z-]+", found)
        if name not in ("fa-solid", "fa-lg")
    }
    rules = [_RULES]
    for name in sorted(names):
        known = rf'[{{,]"?{name.removeprefix("fa-")}"?:\[(\d+),(\d+),\[[^]]*\],"[^"]*","([^"]*)"'
        found = re.findall(known, script)
        if not found:
            raise ValueError(f"fontawesome.js has no icon {name}: choose another for the pages")
        width, height, path = found[-1]
        wide = int(width) / int(height)
        rules.append(_ICON.format(name=name, width=width, height=height, path=path, wide=wide))
    return "".join(rules)


def _write(app, error) -> None:
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = "".join(each.read_text(encoding="utf-8") for each in sorted(out.rglob("*.html")))
    script = out / "_static" / "scripts" / "fontawesome.js"
    write_atomically(out / "_static" / ICONS, icons(pages, script.read_text(encoding="utf-8")))


def setup(app) -> dict:
    app.add_css_file(ICONS)
    app.connect("html-page-context", _lighten, priority=950)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: what a page must wait for before it is seen and used, cut to what it needs.

Scripts run when the page is there, the one that sorts tables before all others, and where there is
such a table; MathJax comes where there is mathematics; pictures come when they are scrolled to, and
have their room before. `sheets` does the same for style sheets.
"""

import re
from pathlib import Path

import PIL.Image
from docutils import nodes

SORTING = "tables.js"
_LATER = """addEventListener("load", () => {{
  document.head.append(Object.assign(document.createElement("script"), {{ src: "{}" }}));
}});"""
_SORTED = re.compile(r'<table class="[^"]*\bsortable\b')
_PICTURE = re.compile(r'<img\b[^>]*\bsrc="(?:\.\./)*_images/([^"]+)"[^>]*>')


def _lighten(app, pagename, template, context, doctree) -> None:
    sheets = context["css_files"]
    context["css_files"] = [each for each in sheets if "thebe" not in str(each.filename)]
    formulas = doctree is not None and any(
        doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block))
    )
    sorts = _SORTED.search(context.get("body", ""))
    kept = []
    for script in context["script_files"]:
        name, body = str(script.filename or ""), script.attributes.get("body", "")
        own = dict(script.attributes)
        if SORTING in name and not sorts:
            continue
        if "mathjax" in f"{name} {body}".lower():
            if not formulas:
                continue
            if name:  # a megabyte, which comes when all else is there
                name, own = "", {"body": _LATER.format(context["pathto"](name, 1))}
        # The search page's own scripts, which the theme has wait for nothing, need what is before.
        elif pagename != "search":
            if name:
                own["defer"] = "defer"
            elif "DOCUMENTATION_OPTIONS" in body:  # runs in its turn among those that wait
                own["type"] = "module"
        kept.append(type(script)(name or None, priority=script.priority, **own))
    context["script_files"] = kept


def _frame(app, pagename, template, context, doctree) -> None:
    """Put a page's pictures in frames that scroll, with their size, to be loaded when in sight."""
    paths = {name: Path(app.srcdir, path) for path, name in app.builder.images.items()}

    def framed(found: re.Match) -> str:
        with PIL.Image.open(paths[found[1]]) as picture:
            width, height = picture.size
        sized = f'<img loading="lazy" decoding="async" width="{width}" height="{height}"'
        tag = found[0].replace("<img", sized, 1)
        return f'<span class="picture" style="--drawn: {width}px">{tag}</span>'

    if "body" in context:
        context["body"] = _PICTURE.sub(framed, context["body"])


def setup(app) -> dict:
    app.add_js_file(SORTING, priority=0, fetchpriority="high")
    app.connect("html-page-context", _lighten, priority=950)
    app.connect("html-page-context", _frame, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

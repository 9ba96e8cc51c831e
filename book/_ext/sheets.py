"""Sphinx extension: one style sheet for all pages, of the rules that some page can use.

Themes and extensions bring a dozen sheets of half a megabyte, and a page is not painted before it
has them all. Here they become one file, in their order. A rule is left out where each of its
selectors asks for a class or a name that stands in no page and no script. The theme's two thousand
icons are drawn by a script of 1.5 MB, or by fonts; here by fonts of those that rules name.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import tinycss2
from fontTools import subset

from semg_lib.evaluation.writing import write_atomically

SHEET = "pages.css"
_THEMES = ("styles/theme.css", "styles/pydata-sphinx-theme.css")  # its template names them itself
_LINK = re.compile(rf"_static/{re.escape(SHEET)}(\?v=\w+)?")
_URL = re.compile(r"""url\((?!["']?data:)["']?([^)"']+)["']?\)""")
_FONT = re.compile(r'url\("([^"]+)\.woff2"\) format\("woff2"\)')
_SIGN = re.compile(r"\\([0-9a-f]{2,5})\b")
_WORDS = re.compile(r"[\w-]+")


class Vocabulary:
    """The words of pages and scripts, among them every class and name that an element can have.

    Parameters
    ----------
    pages, scripts : str
        All of them. Of a class that a script puts together, as ``bs-tooltip-`` and a side, it has
        the beginning, in two parts or more.
    """

    def __init__(self, pages: str, scripts: str) -> None:
        self.begun = set(_WORDS.findall(scripts))
        self.words = self.begun | set(_WORDS.findall(pages))

    def has(self, name: str) -> bool:
        """Tell whether an element can have this class or name."""
        parts = name.split("-")
        heads = ("-".join(parts[:n]) for n in range(2, len(parts)))
        return name in self.words or any(self.begun & {head, f"{head}-"} for head in heads)

    def matches(self, selectors: list) -> bool:
        """Tell whether one of a rule's selectors can match; what is in brackets is not asked."""
        can, before = True, None
        for token in selectors:
            if token == ",":
                if can:
                    return True
                can = True
            elif token.type == "hash" or (token.type == "ident" and before == "."):
                can = can and self.has(token.value)
            before = token
        return can


def used(rules: list, known: Vocabulary) -> Iterator[str]:
    """Yield the text of those rules that can match, and of the comments that are licences."""
    for rule in rules:
        if rule.type == "comment":
            if rule.value.startswith("!"):
                yield rule.serialize()
        elif rule.type == "error":
            raise ValueError(f"no style sheet: {rule.message}")
        elif rule.type == "qualified-rule":
            if known.matches(rule.prelude):
                yield rule.serialize()
        elif rule.lower_at_keyword in ("media", "supports"):
            inner = "\n".join(used(tinycss2.parse_rule_list(rule.content, True, True), known))
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}"
        else:
            yield rule.serialize()


def _read(static: Path, name: str) -> str:
    """Return a sheet with what it imports, its addresses as seen from the folder of all sheets."""
    folder = posixpath.dirname(name)

    def seen(address: str) -> str:
        return posixpath.normpath(posixpath.join(folder, address))

    text = (static / name).read_text(encoding="utf-8")
    text = _URL.sub(lambda found: f'url("{seen(found[1])}")', text)
    return re.sub(r'@import "([^"]+)";', lambda found: _read(static, seen(found[1])), text)


def _font(sheet: str, path: Path) -> None:
    """Write a font of those signs alone that a sheet names, a twentieth of the theme's."""
    options = subset.Options(flavor="woff")
    font = subset.load_font(f"{path}.ttf", options)
    chosen = subset.Subsetter(options)
    chosen.populate(text=sheet, unicodes={int(each, 16) for each in _SIGN.findall(sheet)})
    chosen.subset(font)
    subset.save_font(font, f"{path}.woff", options)


def _collect(app, pagename, template, context, doctree) -> None:
    app.env.sheets = [str(each.filename) for each in context["css_files"]]


def _write(app, error) -> None:
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))}
    paths = [*static.glob("*js"), *static.glob("scripts/*.js"), *static.glob("decoder/*js")]
    loaded = [path for path in paths if path.name != "fontawesome.js"]
    scripts = "".join(path.read_text(encoding="utf-8") for path in loaded)
    known = Vocabulary("".join(pages.values()), scripts)
    names = [each.removeprefix("_static/").partition("?")[0] for each in app.env.sheets]
    text = "\n".join(_read(static, name) for name in (*_THEMES, *names))
    sheet = "\n".join(used(tinycss2.parse_stylesheet(text, skip_whitespace=True), known))
    for font in _FONT.findall(sheet):
        _font(sheet, static / font)
    sheet = _FONT.sub(r'url("\1.woff") format("woff")', sheet)
    write_atomically(static / SHEET, sheet)
    digest = hashlib.sha256(sheet.encode()).hexdigest()[:8]  # no reader keeps an old one
    for path, page in pages.items():
        linked = _LINK.sub(f"_static/{SHEET}?v={digest}", page)
        if linked != page:
            write_atomically(path, linked)


def setup(app) -> dict:
    app.connect("html-page-context", _collect, priority=960)
    app.connect("build-finished", _write, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: what the theme puts on every page, put right, and what it leaves out.

Thebe is left out, which Jupyter Book loads twice for a service that this book does not use. The
launch button opens the notebook's clean source: the executed copy that the page shows has
parameters of the machine it ran on. A page says to machines what it is about, where it lies and how
it is cited.
"""

from datetime import date
from html import escape
from pathlib import Path
from textwrap import shorten
from urllib.parse import urlsplit

from docutils import nodes

import semg_lib
from semg_lib.evaluation.writing import write_atomically

PICTURE = "_static/dial.png"  # of pages without one of their own
_ENTRY = """@{kind}{{{key},
  author = {{{{{author}}}}},
  title = {{{title}}},
{of}  year = {{{year}}},
  note = {{Version {version}}},
  url = {{{url}}},
}}
"""


def _leave_out_thebe(app, pagename, template, context, doctree) -> None:
    context["script_files"] = [
        each
        for each in context.get("script_files", [])
        if "thebe" not in str(getattr(each, "filename", each) or "")
        and "thebe" not in str(getattr(each, "attributes", {}).get("body", ""))
    ]


def _launch_sources(app, pagename, template, context, doctree) -> None:
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if "colab" in button.get("url", ""):
                button["url"] = button["url"].replace("/book/executed/", "/notebooks/")


def _locate(app, config) -> None:
    """Take the site's address from the repository's: a fork is published as its own."""
    owner, name = urlsplit(config.html_theme_options["repository_url"]).path.strip("/").split("/")
    config.html_baseurl = f"https://{owner.lower()}.github.io/{name}/"


def _about(doctree: nodes.document) -> str:
    """Return the first words of a page's text that are no reference."""
    for each in doctree.findall(nodes.paragraph):
        text = " ".join(each.astext().split())
        if isinstance(each.parent, nodes.section) and len(text) > 60 and "doi:" not in text:
            return shorten(text, 200, placeholder=" …")
    return ""


def _describe(app, pagename, template, context, doctree) -> None:
    """Say what a page is, for those who find or pass on its address."""
    own_title = {"genindex": "Index", "search": "Search"}.get(pagename, app.config.html_title)
    title = context.get("title") or own_title
    picture, about = PICTURE, f"{title} of {app.config.html_title}, a book on deep learning for EMG"
    own = {}
    if doctree is not None:
        own = {each.get("name"): each.get("content") for each in doctree.findall(nodes.meta)}
        about = own.get("description") or _about(doctree) or about
        # Where the page was written the addresses are those of the copies.
        known = [each["uri"] for each in doctree.findall(nodes.image)]
        copies = [each for each in known if "_images/" in each]
        picture = "_images/" + copies[0].rpartition("/")[2] if copies else PICTURE
    told = {
        "og:title": nodes.unescape(title),
        "og:description": about,
        "og:image": app.config.html_baseurl + picture,
        "og:url": context.get("pageurl") or "",
        "og:type": "article",
        "og:site_name": app.config.html_title,
    }
    lines = [f'<meta property="{name}" content="{escape(text)}" />' for name, text in told.items()]
    if "description" not in own:
        lines.append(f'<meta name="description" content="{escape(about)}" />')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)
    context["book_version"] = semg_lib.__version__
    if doctree is not None and pagename != "genindex":
        context["cited"] = f"_static/cite/{pagename.replace('/', '-')}.bib"


def _entry(app, name: str) -> str:
    """Return the BibTeX of a page; of the whole book, for its first."""
    whole = name == app.config.root_doc
    book = f"{app.config.html_title}: deep learning for surface EMG"
    title = book if whole else app.env.titles[name].astext()
    key = f"dl-for-semg-{name.removeprefix('book/').replace('/', '-')}"
    return _ENTRY.format(
        kind="book" if whole else "incollection",
        key="dl-for-semg" if whole else key,
        author=app.config.author,
        title=title,
        of="" if whole else f"  booktitle = {{{book}}},\n",
        year=date.today().year,
        version=semg_lib.__version__,
        url=app.config.html_baseurl + ("" if whole else f"{name}.html"),
    )


def _write(app, error) -> None:
    """Write the references, the list of pages, and the page for addresses that are none."""
    if error or app.builder.format != "html":
        return
    out, root, names = Path(app.outdir), app.config.html_baseurl, sorted(app.env.found_docs)
    folder = out / "_static" / "cite"
    write_atomically(folder / "book.bib", _entry(app, app.config.root_doc))
    for name in names:
        paper = Path(app.srcdir, f"{name}.bib")  # of a chapter on a paper
        text = _entry(app, name) + (paper.read_text(encoding="utf-8") if paper.is_file() else "")
        write_atomically(folder / f"{name.replace('/', '-')}.bib", text)
    listed = "\n".join(f"<url><loc>{root}{name}.html</loc></url>" for name in names)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">'
    write_atomically(out / "sitemap.xml", f"{head}\n{listed}\n</urlset>\n")
    shown = {"project": app.config.html_title, "address": root}
    write_atomically(out / "404.html", app.builder.templates.render("404.html", shown))


def setup(app) -> dict:
    app.connect("config-inited", _locate)
    app.connect("html-page-context", _describe)
    app.connect("html-page-context", _leave_out_thebe, priority=900)
    app.connect("html-page-context", _launch_sources, priority=901)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

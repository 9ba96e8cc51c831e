"""Sphinx extension: ``{decoder}``, a network that decodes a simulated recording inside the page.

What it plays lies in ``book/_static/decoder``, with a style sheet that only this page asks for.
ONNX Runtime is put beside it when a site is built.
"""

import json
from functools import cache
from pathlib import Path

import jinja2
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from semg_lib.figures import hands, style
from semg_lib.publishing import decoder, runtime

PICTURE = "_static/decoder.png"
_TEMPLATE = Path(__file__).with_name("decoder.html")


@cache
def _manifest() -> dict:
    return json.loads((decoder.FOLDER / "manifest.json").read_text(encoding="utf-8"))


@cache
def _picture() -> style.Picture:
    """Return what stands there where nothing runs: accuracy over the sessions."""
    figure, axis = style.new(7, 3)
    told, sessions = [], _manifest()["sessions"]
    for (name, each), colour in zip(
        _manifest()["recordings"].items(), (style.BLUE, style.ORANGE), strict=True
    ):
        for kind, dash in (("still", ":"), ("recalibrated", "-")):
            percent = [100 * value for value in each["accuracy"][kind]]
            label = f"drift {name}, {'' if kind == 'recalibrated' else 'not '}recalibrated"
            axis.plot(sessions, percent, dash, marker="o", ms=4, color=colour, label=label)
            told.append(f"{label}, {percent[0]:.0f} to {percent[-1]:.0f} %")
    axis.set(xticks=sessions, ylim=(0, 100), xlabel="session", ylabel="balanced accuracy, %")
    axis.grid(True, alpha=0.6)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return style.picture(figure, f"Simulated recordings, first to last session: {'; '.join(told)}.")


class Decoder(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        known, up = _manifest(), "../" * self.env.docname.count("/")
        text = jinja2.Environment(autoescape=True).from_string(
            _TEMPLATE.read_text(encoding="utf-8")
        )
        html = text.render(
            folder=f"{up}_static/decoder/",
            picture=up + PICTURE,
            alt=_picture().alt,
            names=known["names"],
            channels=known["channels"],
            hands=[hands.draw(hands.postures()[name], name) for name in known["names"]],
            caption=" ".join(self.content),
        )
        for path in (_TEMPLATE, decoder.FOLDER / "manifest.json"):
            self.env.note_dependency(str(path))
        return [nodes.raw("", html, format="html", decoder=True)]


def _bring(app, pagename, templatename, context, doctree) -> None:
    if doctree and any("decoder" in each for each in doctree.findall(nodes.raw)):
        app.add_js_file("decoder/page.mjs", type="module")


def _put(app, error) -> None:
    if error or app.builder.format != "html":
        return
    _picture().save(Path(app.outdir, PICTURE))
    runtime.put(Path(app.outdir, "_static", "decoder"))


def setup(app) -> dict:
    app.add_directive("decoder", Decoder)
    app.connect("html-page-context", _bring)
    app.connect("build-finished", _put)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: ``{dial}``, a figure to play with, of what each protocol makes of accuracy.

A reader chooses one of the protocols that the stored runs have, or one of the ways to test over
sessions, and bars move to what it scored. What can be chosen was run: there are no other
combinations. Numbers come from the records, words from here. Without a script a picture of the
protocols stands there, drawn from the same record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import jinja2
import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from semg_lib import figures
from semg_lib.evaluation import records, summaries
from semg_lib.publishing import listing
from semg_lib.studies import sessions
from semg_lib.studies.protocols import BASE

PICTURE = "_static/dial.png"
MEASURES = {"accuracy": "accuracy", "balanced accuracy": "balanced_accuracy"}
# What each protocol changes, and whether the audit lets it pass.
TOLD = {
    BASE: (
        True,
        "This book's own. Whole repetitions test, the others train: no test window shares a "
        "sample with one that was trained on.",
    ),
    "random windows held out": (
        False,
        "Test windows are drawn at random, and most share samples with a window that was trained "
        "on. Who remembers the most gains the most.",
    ),
    "scaler fitted to everything": (
        False,
        "Mean and spread of each channel are taken from the test repetitions, too. It is a leak "
        "even where it gains nothing.",
    ),
    "windows over boundaries": (
        False,
        "Windows that hold the end of one movement and the beginning of another stay in, with one "
        "label.",
    ),
    "labels of the screen": (
        True,
        "Labels say what the screen asked for. The hand follows later, so that the first windows "
        "of each movement show rest.",
    ),
    "all rest kept": (
        True,
        "Rest is kept whole, not thinned to the share of one movement. Who says rest in doubt is "
        "then often right.",
    ),
    "rest left out": (
        True,
        "There is no rest: one class less, and nobody asks whether the hand should move at all.",
    ),
    "vote over 300 ms": (
        True,
        "Each answer is the majority of those of the last 300 ms. That is accuracy bought with "
        "delay.",
    ),
    "one repetition left out": (
        True,
        "Each repetition is held out once while all others train. It is as honest as this book's "
        "own.",
    ),
    "other subjects": (
        True,
        "Nobody is tested on who was trained on. It is another question, that of a user's first "
        "day, and a harder one. The SVM was not run so: its time grows with the square of the "
        "windows.",
    ),
    "everything that flatters": (
        False,
        "Random windows, a scaler fitted to everything, all rest kept and the vote, at once.",
    ),
}


# What is chosen beside the protocols: sessions of one person, and what each choice means.
SESSIONS = {
    "within the session": (
        False,
        "The end of each contraction tests what its beginning trained. The electrodes have not "
        "moved, and the very contraction was seen.",
    ),
    "next session": (
        True,
        "Trained in one session, tested in the next one at hand. It is the least that a user "
        "meets: the electrodes were taken off and put on again.",
    ),
    sessions.LATER: (
        True,
        "Trained in one session, tested in all later ones. That is what a user lives with.",
    ),
    f"{sessions.LATER}, 3 trained on": (
        True,
        "Trained in three sessions with as many windows as of one, so that the decoder has seen "
        "what changes between them.",
    ),
    f"{sessions.LATER}, 5 trained on": (
        True,
        "Trained in five sessions with as many windows as of one.",
    ),
}
ONCE = "trained once, never again"
_ZHAI = "Zhai's CNN, and an SVM, of one session, over the second to the fifth that follow. "
RECALIBRATED = {
    ONCE: ("none", True, f"{_ZHAI}Nothing is learnt after it."),
    "recalibrated, Last-Only": (
        "last",
        True,
        f"{_ZHAI}After each, trained further on its own corrected answers to it.",
    ),
    "recalibrated, All-Session": (
        "all",
        True,
        f"{_ZHAI}After each, trained further on all its corrected answers and the first session.",
    ),
    "recalibrated with true labels": (
        "oracle",
        True,
        f"{_ZHAI}After each, trained further on its true labels, which no user gives. The SVM was "
        "not run so.",
    ),
}


@dataclass(frozen=True)
class Group:
    """Choices of one record: their numbers by measure, and what is told of each."""

    legend: str
    base: str
    told: Mapping[str, tuple[bool, str]]  # whether the audit passes it, and what it is
    gained: Mapping[str, pd.DataFrame]  # of `listing.over`, by measure


@cache
def stored() -> records.Record:
    """Return the record of the protocols."""
    [record] = records.load_records("protocols")
    return record


@cache
def picture() -> figures.Picture:
    """Return what stands there without a script."""
    return figures.gained(listing.gained([stored()]))


@cache
def groups() -> list[Group]:
    """Return everything that can be chosen."""
    measured = {name: listing.gained([stored()], value=value) for name, value in MEASURES.items()}
    [many] = records.load_records("sessions", database="multiday")
    by_start = listing.over(sessions.by_start(many), sessions.LATER)
    chains = records.load_records(
        "zhai2017", database="multiday", study="shuffled", recipe="recommended"
    )
    table = summaries.recalibrated(chains).droplevel("subject").filter(like="1 from ", axis=0)
    wide = {
        (name, kind): table[f"{kind}_{mode}"]
        for name, (mode, *_) in RECALIBRATED.items()
        for kind in ("cnn", "svm")
        if f"{kind}_{mode}" in table
    }
    of_one = "one person's sessions"
    return [
        Group("What is done around it", BASE, TOLD, measured),
        Group(f"When it is tested: {of_one}", sessions.LATER, SESSIONS, {"accuracy": by_start}),
        Group(
            f"What is learnt later: {of_one}",
            ONCE,
            {name: told[1:] for name, told in RECALIBRATED.items()},
            {"accuracy": listing.over(pd.DataFrame(wide), ONCE)},
        ),
    ]


def _signed(points: float) -> str:
    return f"{round(points, 1) + 0:+.1f}".replace("-", "−")


def numbers(group: Group) -> dict[str, dict[str, dict[str, dict]]]:
    """Return what is shown of each choice, by measure and method: numbers, and their text."""
    shown: dict[str, dict[str, dict[str, dict]]] = {}
    for measure, table in group.gained.items():
        for (name, method), row in table.iterrows():
            shown.setdefault(name, {}).setdefault(measure, {})[figures.title(method)] = {
                "percent": round(row["mean"], 2),
                "text": f"{row['mean']:.1f} %",
                "gained": _signed(row["gained"]),
                "between": f"{_signed(row['low'])} to {_signed(row['high'])}",
            }
    return shown


class Dial(SphinxDirective):
    """The figure; its content says what there is to do, ``only`` names some protocols."""

    has_content = True
    option_spec: ClassVar = {"only": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        whole = "only" not in self.options
        protocols, *others = groups()
        shown = numbers(protocols)
        chosen = [each.strip() for each in self.options.get("only", ", ".join(shown)).split(",")]
        if unknown := [each for each in chosen if each not in shown]:
            raise self.error(f"no protocol of the record: {', '.join(unknown)}")
        named = [(protocols, list(dict.fromkeys([BASE, *chosen])))]
        named += [(each, list(each.told)) for each in others if whole]
        choices = [
            {
                "name": name,
                "legend": group.legend,
                "base": group.base,
                "audit": group.told[name][0],
                "told": group.told[name][1],
                "measures": numbers(group)[name],
            }
            for group, names in named
            for name in names
        ]
        record, said = stored(), self.config.myst_substitutions
        text = _template().render(
            name=f"dial-{self.env.new_serialno('dial')}",
            headline=f"The same network, the same {said['protocols_people']}: "
            f"{said['protocols_range']}".replace(" %", "\N{NO-BREAK SPACE}%"),
            lead=" ".join(self.content),
            caption=f"Mean over {said['protocols_people']} of {record.database.upper()} "
            f"({'simulated' if record.simulated else 'real'} recordings), exercise "
            f"{record.exercises}, {len(record.labels)} classes. The line, and the points gained "
            f"with their 95 % interval over people, are against {BASE}.",
            choices=choices,
            methods=list(dict.fromkeys(m for c in choices for m in c["measures"]["accuracy"])),
            picture="../" * self.env.docname.count("/") + PICTURE,
            alt=picture().alt,
            whole=whole,
            once=ONCE,
            later=sessions.LATER,
        )
        for name in ("protocols/record.json", "sessions/multiday.json"):
            self.env.note_dependency(str(records.RESULTS / name))
        self.env.note_dependency(str(_TEMPLATE))
        return [nodes.raw("", text, format="html", dial=True)]


_TEMPLATE = Path(__file__).with_name("dial.html")


def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _bring(app, pagename, templatename, context, doctree) -> None:
    """Load the figure's script on pages that have one."""
    if doctree and any("dial" in each for each in doctree.findall(nodes.raw)):
        app.add_js_file("dial.js", loading_method="defer")


def _save(app, error) -> None:
    if not error and app.builder.format == "html":
        picture().save(Path(app.outdir, PICTURE))


def setup(app) -> dict:
    app.add_directive("dial", Dial)
    app.connect("html-page-context", _bring)
    app.connect("build-finished", _save)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

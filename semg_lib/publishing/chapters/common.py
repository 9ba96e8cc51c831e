"""What every paper's chapter shows of its comparison of methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record
from semg_lib.publishing import cards, tables
from semg_lib.recordings.source import available
from semg_lib.running import runs
from semg_lib.running.runs import Run


@dataclass
class Fragments:
    """What a chapter takes from the records, by the names that its page uses."""

    texts: dict[str, str]  # Markdown
    pictures: dict[str, figures.Picture]
    numbers: dict[str, str]
    drawings: dict[str, str] = field(default_factory=dict)  # SVG


def comparison(paper: str, root: str) -> tuple[str, Run]:
    """Return the name of a record, and the run of all methods on what there is of a database.

    Parameters
    ----------
    paper : str
    root : str
        Folder with NinaPro's files; three simulated subjects if it has none of the paper's.
    """
    database, exercises = next(iter(runs.about(paper).items()))
    subjects = available(database, exercises, root) if root else []
    run = Run(paper, preset="full", subjects=subjects or [1, 2, 3], root=root if subjects else "")
    return f"{database}-{exercises}-full-recommended-seed0", run


def compared(
    module: ModuleType,
    records: Sequence[Record],
    others: Sequence[Record] = (),
    titles: Mapping[str, str] = figures.TITLES,
    classical: Sequence[str] = (),
) -> Fragments:
    """Return what a chapter shows of a comparison, and what else was run.

    Parameters
    ----------
    module : module
        The paper's.
    records : sequence of Record
        The comparison: one database, recipe and preset.
    others : sequence of Record
        Studies and comparisons that the chapter shows besides.
    titles : mapping
        Names to show for methods.
    classical : sequence of str
        What the claims compare the network with; as the paper's module says, if not given.
    """
    first, accuracy = records[0], summaries.by_subject(records)
    verdicts = statistics.judge(module.claims(accuracy, *([classical] if classical else [])))
    kind = "simulated" if first.simulated else "real"
    where = f"{kind} {first.database.upper()}, {verdicts['subjects'].iloc[0]} subjects"
    everything = [*records, *others]
    means = {str(method): f"{100 * mean:.1f} %" for method, mean in accuracy.mean().items()}
    return Fragments(
        {
            "card": cards.card(module, everything, {where: verdicts}),
            "marks": tables.marks(module, first.database, first.recipe),
            "methods": tables.methods(module, records, first.database, titles),
            "claims": tables.judged(verdicts),
            "runs": tables.runs(everything),
        },
        {"dots": figures.subject_dots(accuracy, titles=titles)},
        {
            **means,
            "verdicts": cards.badges({where: verdicts}),
            "kind": kind,
            "subjects": str(len(accuracy)),
            "classes": str(len(first.labels)),
        },
    )

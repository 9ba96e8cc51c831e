"""The replication card of a paper: what is known of it, what was done, what came out, at what cost.

Every card has the same form, so that papers can be laid side by side; nothing on it is written
by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

import pandas as pd

from semg_lib.errors import REPOSITORY
from semg_lib.evaluation.records import RESULTS, Record, load_record
from semg_lib.learning import settings
from semg_lib.papers import PAPERS
from semg_lib.publishing import tables
from semg_lib.running import runs

WORDS = {
    "P": "read in the paper",
    "S": "stated",
    "C": "seen in public code or notes",
    "D": "derived",
    "R": "remembered",
    "A": "assumed",
    "O": "ours on purpose",
}
# What was decided comes first.
VERDICTS = (
    "supported",
    "holds in simulation",
    "not supported",
    "fails in simulation",
    "undecided",
)


def card(module: ModuleType, records: Sequence[Record], judged: Mapping[str, pd.DataFrame]) -> str:
    """Return a paper's card as a Markdown table.

    Parameters
    ----------
    module : module
        The paper's.
    records : sequence of Record
        Everything the chapter shows; the first is of the comparison that the card is about.
    judged : mapping of str to DataFrame
        What the claims were tested on, and their verdicts as `statistics.judge` returns them.
    """
    first = records[0]
    shown = settings.table(module.Settings.named(first.database, first.recipe, first.preset))
    counts = shown["mark"].value_counts()
    known = ", ".join(f"{counts[mark]} {WORDS[mark]}" for mark in settings.MARKS if mark in counts)
    departs = ", ".join(f"`{name}`" for name in shown.index[shown["mark"] == "O"])
    rows = [
        ["data", data(records)],
        [f"{len(shown)} settings", known],
        ["departs from the paper in", departs or "nothing"],
    ]
    for where, verdicts in judged.items():
        for claim, row in verdicts.iterrows():
            interval = f"{row['difference']:+.1f} points, {row['low']:+.1f} to {row['high']:+.1f}"
            rows.append([f"claim: {claim}", f"**{row['verdict']}** ({interval}; {where})"])
    rows += [
        ["it took", cost(records)],
        ["code since the runs", since(records)],
        ["again, on the same data", f"`{command(first)}`"],
    ]
    shown = pd.DataFrame(rows, columns=["replication card", first.paper])
    return tables.markdown(shown)


def badges(judged: Mapping[str, pd.DataFrame]) -> str:
    """Return how many claims have which verdict, a line for each set of recordings of `card`."""
    lines = []
    for where, verdicts in judged.items():
        # What stands behind a colon is about a claim.
        found = list(verdicts["verdict"].str.partition(":")[0])
        told = [
            f'<span class="verdict {name.replace(" ", "-")}">{found.count(name)} {name}</span>'
            for name in VERDICTS
            if name in found
        ]
        lines.append(f"{where.replace('simulated', '**simulated**')}: {' '.join(told)}")
    return "<br>".join(lines)


def data(records: Sequence[Record]) -> str:
    """Say which recordings the runs of the comparison had."""
    groups: dict[str, set[int]] = {}
    for record in records:
        if not record.study:
            kind = "**simulated** " if record.simulated else "real "
            name = f"{kind}{record.database.upper()}, exercises {record.exercises}"
            groups.setdefault(name, set()).update(record.subjects)
    return "; ".join(f"{name}: {len(subjects)} subjects" for name, subjects in groups.items())


def cost(records: Sequence[Record]) -> str:
    """Say how long all runs took together, and on what."""
    hours = sum(record.wall_seconds for record in records) / 3600
    devices = ", ".join(dict.fromkeys(record.device for record in records))
    return f"{hours:.1f} h in {len(records)} runs, on {devices}"


def files() -> str:
    """Return the table of all stored records: each one's file, what it holds, and its command."""
    rows = []
    for path in sorted(RESULTS.glob("*/*.json")):
        record, name = load_record(path), path.relative_to(RESULTS).as_posix()
        kind = "**simulated**" if record.simulated else "real"
        used = list(dict.fromkeys(score.method for score in record.scores))
        known = () if record.study else getattr(PAPERS.get(record.paper), "METHODS", ())
        some = f" --methods {','.join(used)}" if set(used) < set(known) else ""
        people = f"{len(record.subjects)} subject{'s' * (len(record.subjects) > 1)}"
        rows.append(
            {
                "record": f"[{name.removesuffix('.json')}]({REPOSITORY}/blob/main/results/{name})",
                "recordings": f"{kind} {record.database.upper()} {record.exercises}, {people}",
                "made by": f"`{command(record)}{some}`",
            }
        )
    return tables.markdown(pd.DataFrame(rows))


def since(records: Sequence[Record]) -> str:
    """Say whether the code is still what made the records."""
    n_old = sum(not tables.unchanged(record) for record in records)
    return f"changed under {n_old} of {len(records)} runs" if n_old else "unchanged"


def command(record: Record) -> str:
    """Return what makes a record again; those of no paper come with all others."""
    if record.paper not in PAPERS:
        return "SEMG_DATA=FOLDER make replicate"
    subjects = runs.ranges(record.subjects).replace(".", ",")
    parts = [
        f"semg run {record.paper} --database {record.database} --exercises {record.exercises}",
        f"--subjects {subjects} --preset {record.preset} --seed {record.seed}",
        *(["--recipe " + record.recipe] if record.recipe != "recommended" else []),
        *(["--study " + record.study] if record.study else []),
        *([] if record.simulated else ["--root FOLDER"]),
        "--out runs",
    ]
    return " ".join(parts)

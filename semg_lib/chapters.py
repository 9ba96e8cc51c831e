"""What the book's prose pages show of the records: tables, figures and numbers.

The book's Sphinx extension calls `write` at every build, so that no page can say what
``results/`` does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import pandas as pd

from semg_lib import baselines, claims, plots, results, settings
from semg_lib.evaluation import interval
from semg_lib.papers import PAPERS
from semg_lib.provenance import code_hash
from semg_lib.results import Record


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; columns after the first are centred."""
    marks = [":--", *[":-:"] * (len(header) - 1)]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def methods(module: ModuleType, records: Sequence[Record], database: str) -> str:
    """Return the paper's numbers beside ours, one row a method; unknown cells stay empty."""
    said = {each.method: each for each in module.REPORTED if each.database == database}
    ours = results.summary(records)
    average = 100 * results.by_subject(records)[list(baselines.NAMES)].mean(axis=1)
    rows = []
    for method in [*ours.index, *(name for name in said if name not in ours.index)]:
        paper = f"{said[method].mean:.2f} ± {said[method].sd:.2f}" if method in said else ""
        cells = ["", "", "", ""]
        if method in ours.index:
            row = ours.loc[method]
            cells = [
                f"{row['mean']:.1f} ± {row['sd']:.1f}",
                f"{row['low']:.1f} to {row['high']:.1f}",
                f"{row['balanced']:.1f}",
                f"{row['seeds']:.0f}",
            ]
        elif method == "classical average":
            low, high = interval(average.to_numpy())
            cells[:2] = [
                f"{average.mean():.1f} ± {average.std():.1f}",
                f"{low:.1f} to {high:.1f}",
            ]
        rows.append([plots.TITLES.get(method, method), *cells, paper])
    kind = "simulated, " if records[0].simulated else ""
    header = [
        "method",
        f"ours ({kind}{len(records[0].subjects)} subjects, exercise {records[0].exercises}), %",
        "95 % interval of the mean",
        "balanced, %",
        "seeds",
        "paper, %",
    ]
    return table(header, rows)


def judged(verdicts: pd.DataFrame) -> str:
    """Return the table of claims."""
    rows = [
        [
            claim,
            f"{row['difference']:+.1f}",
            f"{row['low']:+.1f} to {row['high']:+.1f}",
            "< 0.0001" if row["p"] < 0.0001 else f"{row['p']:.4f}",
            f"**{row['verdict']}**",
        ]
        for claim, row in verdicts.iterrows()
    ]
    header = ["claim", "difference, points", "95 % interval", "p", "verdict"]
    return table(header, rows)


def runs(paper: str, records: Sequence[Record]) -> str:
    """Return what was run, on what, by which code."""
    now = {kind: code_hash(paper, simulated=kind) for kind in (False, True)}
    rows = [
        [
            record.study or "comparison",
            ("simulated " if record.simulated else "") + record.database.upper(),
            record.exercises,
            len(record.subjects),
            record.recipe,
            record.seed,
            len(dict.fromkeys(score.method for score in record.scores)),
            f"{record.wall_seconds / 60:.0f} min",
            record.device,
            record.date,
            "unchanged" if record.code == now[record.simulated] else "changed",
        ]
        for record in records
    ]
    header = ["run", "data", "exercises", "subjects", "recipe", "seed", "methods", "took", "on"]
    return table([*header, "date", "code since"], rows)


def marks(module: ModuleType, database: str, recipe: str) -> str:
    """Return every setting with its mark."""
    shown = settings.table(module.Settings.named(database, recipe))
    rows = [[name, row["value"], row["mark"], row["note"]] for name, row in shown.iterrows()]
    return table(["setting", "value", "mark", "what it is"], rows)


def study(records: Sequence[Record]) -> str:
    """Return the accuracies of a study, one row a variant, one column a subject."""
    accuracy = 100 * results.by_subject(records)
    rows = [
        [name, *(f"{value:.1f}" for value in values), f"{values.mean():.1f}"]
        for name, values in accuracy.items()
    ]
    return table(["variant", *(f"subject {each}" for each in accuracy.index), "mean"], rows)


def recipes(paper: str, method: str) -> str:
    """Return a method's accuracy under both recipes, on the subjects that both were run on."""
    by = {
        name: results.by_subject(results.load_all(paper, recipe=name, seed=0, simulated=False))
        for name in ("paper", "recommended")
    }
    both = sorted(set(by["paper"].index) & set(by["recommended"].index))
    rows = []
    for name, accuracy in by.items():
        values = 100 * accuracy.loc[both, method]
        rows.append([name, *(f"{value:.1f}" for value in values), f"{values.mean():.1f}"])
    return table(["recipe", *(f"subject {each}" for each in both), "mean"], rows)


# The variants whose curves tell the story; all at once cannot be told apart.
TELLING = (
    "pytorch, 0.001",
    "matconvnet, 0.001",
    "he, 0.001",
    "pytorch, 0.001, summed loss",
    "pytorch, 0.05",
    "he, 0.05",
    "he, 0.05, cosine",
)


def atzori2016(folder: Path) -> dict[str, str]:
    """Write the fragments of this paper's chapter and return its numbers."""
    module = PAPERS["atzori2016"]
    real = results.load_all("atzori2016", recipe="recommended", database="db1", simulated=False)
    studied = results.load_all("atzori2016", study="optimiser", simulated=False)
    accuracy = results.by_subject(real)
    texts = {
        "methods": methods(module, real, "db1"),
        "claims": judged(claims.atzori2016(accuracy)),
        "marks": marks(module, "db1", "recommended"),
        "study": study(studied),
        "recipes": recipes("atzori2016", "cnn"),
        "runs": runs(
            "atzori2016",
            [*real, *results.load_all("atzori2016", recipe="paper", simulated=False), *studied],
        ),
    }
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    said = [each for each in module.REPORTED if each.database == "db1"]
    plots.subject_dots(accuracy, reported=said).save(folder / "dots.png")
    counts = sum(pd.DataFrame(record.confusion["cnn"]) for record in real)
    plots.confusion(counts.to_numpy(), real[0].labels, "CNN").save(folder / "confusion.png")
    losses = {name: studied[0].losses[name][0] for name in TELLING}
    plots.curves(losses).save(folder / "study.png")
    means = 100 * accuracy.mean()
    classical = accuracy.drop(columns="cnn")
    best = classical.mean().idxmax()
    summary = results.summary(real)
    return {
        "subjects": str(len(accuracy)),
        "seeds": str(int(summary.loc["cnn", "seeds"])),
        "classes": str(len(real[0].labels)),
        "cnn": f"{means['cnn']:.1f} %",
        "cnn_sd": f"{summary.loc['cnn', 'sd']:.1f}",
        "average": f"{means.drop('cnn').mean():.1f} %",
        "best": plots.TITLES[best],
        "best_accuracy": f"{means[best]:.1f} %",
        "paper_cnn": f"{said[0].mean} %",
        "paper_average": f"{said[1].mean} %",
        "paper_best": f"{said[2].mean} %",
    }


CHAPTERS = {"atzori2016": atzori2016}


def readme_rows() -> list[str]:
    """Return the README's row for each paper, with the figures that the records hold."""
    real = results.load_all("atzori2016", recipe="recommended", database="db1", simulated=False)
    ours = results.summary(real)
    said = {each.method: each for each in PAPERS["atzori2016"].REPORTED if each.database == "db1"}
    figures = [
        f"CNN {said['cnn'].mean} %, classical average {said['classical average'].mean} %, Random "
        f"Forests {said['random_forest'].mean} % (DB1, 27 subjects, 52 movements)",
        f"CNN {ours.loc['cnn', 'mean']:.1f} %, classical average "
        f"{ours.drop('cnn')['mean'].mean():.1f} %, Random Forests "
        f"{ours.loc['random_forest', 'mean']:.1f} % (DB1 exercise A, "
        f"{ours.loc['cnn', 'subjects']:.0f} subjects, 12 movements and rest)",
    ]
    return [" | ".join(figures)]


def write(folder: str | Path) -> dict[str, str]:
    """Write every chapter's fragments below a folder and return all numbers by name."""
    numbers = {}
    for name, chapter in CHAPTERS.items():
        place = Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        numbers |= {f"{name}_{key}": value for key, value in chapter(place).items()}
    return numbers


if __name__ == "__main__":
    print("\n".join(readme_rows()))

"""What the book's prose pages show of the records: tables, figures and numbers.

The book's Sphinx extension calls `write` at every build, so that no page can say what
``results/`` does not.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

from semg_lib import figures
from semg_lib.course import assignments
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.statistics import interval
from semg_lib.learning import inspection
from semg_lib.papers import PAPERS
from semg_lib.papers import zhai2017 as zhai
from semg_lib.publishing import cards, speed, tables

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
    real = load_records("atzori2016", recipe="recommended", database="db1", simulated=False)
    studied = load_records("atzori2016", study="optimiser", simulated=False)
    accuracy = summaries.by_subject(real)
    everything = [
        *real,
        *load_records("atzori2016", recipe="paper", simulated=False),
        *studied,
    ]
    verdicts = statistics.judge(module.claims(accuracy))
    texts = {
        "card": cards.card(module, everything, {f"DB1, {len(accuracy)} subjects": verdicts}),
        "methods": tables.methods(module, real, "db1"),
        "claims": tables.judged(verdicts),
        "marks": tables.marks(module, "db1", "recommended"),
        "study": tables.study(studied),
        "recipes": tables.recipes("atzori2016", "cnn"),
        "runs": tables.runs(everything),
    }
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    said = [each for each in module.REPORTED if each.database == "db1"]
    figures.subject_dots(accuracy, reported=said).save(folder / "dots.png")
    counts = sum(pd.DataFrame(record.confusion["cnn"]) for record in real)
    figures.confusion(counts.to_numpy(), real[0].labels, "CNN").save(folder / "confusion.png")
    losses = {name: studied[0].losses[name][0] for name in TELLING}
    figures.curves(losses).save(folder / "study.png")
    means = 100 * accuracy.mean()
    classical = accuracy.drop(columns="cnn")
    best = classical.mean().idxmax()
    summary = summaries.summary(real)
    return {
        "subjects": str(len(accuracy)),
        "seeds": str(int(summary.loc["cnn", "seeds"])),
        "classes": str(len(real[0].labels)),
        "cnn": f"{means['cnn']:.1f} %",
        "cnn_sd": f"{summary.loc['cnn', 'sd']:.1f}",
        "average": f"{means.drop('cnn').mean():.1f} %",
        "best": figures.TITLES[best],
        "best_accuracy": f"{means[best]:.1f} %",
        "paper_cnn": f"{said[0].mean} %",
        "paper_average": f"{said[1].mean} %",
        "paper_best": f"{said[2].mean} %",
    }


def zhai2017(folder: Path) -> dict[str, str]:
    """Write the fragments of this paper's chapter and return its numbers."""
    runs = {
        name: load_records("zhai2017", database=name, preset="full", simulated=True)
        for name in ("db2", "db3")
    }
    studies = {name: load_records("zhai2017", study=name) for name in zhai.STUDIES}
    said = {each.database: each for each in zhai.REPORTED}
    numbers, rows, texts, judged = {}, [], {}, {}
    for name, records in runs.items():
        accuracy = 100 * summaries.by_subject(records)
        texts[f"methods_{name}"] = tables.by_sessions(records)
        verdicts = statistics.judge(zhai.claims(accuracy / 100))
        judged[f"simulated {name.upper()}, {len(accuracy)} subjects"] = verdicts
        texts[f"claims_{name}"] = tables.judged(verdicts)
        figures.sessions(summaries.by_session(records)).save(folder / f"sessions_{name}.png")
        row = [f"simulated {name.upper()}, {len(accuracy)} subjects"]
        for better in ("cnn_recalibrated", "cnn_oracle", "svm_recalibrated"):
            gain = (accuracy[better] - accuracy[f"{better[:3]}_frozen"]).to_numpy()
            low, high = interval(gain)
            row.append(f"{gain.mean():+.1f} ({low:+.1f} to {high:+.1f})")
            numbers[f"{better}_{name}"] = f"{gain.mean():+.1f}"
        rows.append([*row, f"+{said[name].text}"])
        worst, worst_svm = (
            (accuracy[f"{kind}_recalibrated"] - accuracy[f"{kind}_frozen"]).min()
            for kind in ("cnn", "svm")
        )
        numbers |= {
            f"subjects_{name}": str(len(accuracy)),
            f"classes_{name}": str(len(records[0].labels)),
            f"seeds_{name}": str(len({record.seed for record in records})),
            f"paper_{name}": f"+{said[name].text}",
            f"worst_{name}": f"{worst:+.1f}",
            f"worst_svm_{name}": f"{worst_svm:+.1f}",
            f"frozen_{name}": f"{accuracy['cnn_frozen'].mean():.1f} %",
            f"recalibrated_{name}": f"{accuracy['cnn_recalibrated'].mean():.1f} %",
        }
    assumptions = 100 * summaries.by_variant(studies["assumptions"]).mean().unstack(sort=False)
    assumptions = assumptions.rename(columns=figures.TITLES)
    assumptions["gain, points"] = assumptions.iloc[:, 1] - assumptions.iloc[:, 0]
    header = ["gain over frozen, points", "CNN, simulated", "CNN's oracle, simulated"]
    header += ["SVM, simulated", "paper's CNN"]
    everything = [*runs["db2"], *runs["db3"], *studies["assumptions"], *studies["drift"]]
    texts |= {
        "card": cards.card(zhai, everything, judged),
        "gains": tables.markdown(pd.DataFrame(rows, columns=header)),
        "marks": tables.marks(zhai, "db2", "recommended"),
        "assumptions": tables.frame(assumptions),
        "runs": tables.runs(everything),
    }
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    gains = summaries.gains(studies["drift"], over="cnn_frozen")
    figures.against(
        zhai.STRENGTHS, gains, "strength of the simulated drift", "gain over frozen, points"
    ).save(folder / "drift.png")
    signs = summaries.signs(runs["db2"], "cnn_recalibrated")
    picture = figures.scatter(signs, "movements that the votes name, %", "accuracy, %")
    picture.save(folder / "signs.png")
    still = gains["cnn_recalibrated"][:, 0]
    return numbers | {
        "still": f"{still.mean():+.1f}",
        "still_subjects": str(len(still)),
        "named_rho": f"{signs.corr('spearman').iloc[0, 1]:.2f}",
    }


def ding2018(folder: Path) -> dict[str, str]:
    """Write the fragments of this paper's chapter and return its numbers."""
    module = PAPERS["ding2018"]
    records = load_records("ding2018", exercises="B", preset="full", simulated=True)
    wide = load_records("ding2018", exercises="BCD", preset="full", simulated=True)
    all_exercises = summaries.by_subject(wide)
    studied = load_records("ding2018", study="crosstalk")
    accuracy = summaries.by_subject(records)[list(module.METHODS)]
    variants = []
    for name, variant in module.VARIANTS.items():
        network = module.DingNet(12, 200, 17, variant=name)
        variants.append(
            [
                name,
                " and ".join(str(scale.width) for scale in variant.scales),
                "apart" if variant.apart else "mixed",
                f"{sum(p.numel() for p in network.parameters()):,}",
                f"{inspection.multiply_adds(network, 12, 200) / 1e6:.0f}",
            ]
        )
    header = ["variant", "kernels", "electrodes", "parameters", "million multiply-adds"]
    everything = [*records, *wide, *studied]
    verdicts = statistics.judge(module.claims(accuracy))
    where = f"simulated DB2, {len(accuracy)} subjects"
    texts = {
        "card": cards.card(module, everything, {where: verdicts}),
        "marks": tables.marks(module, "db2", "recommended"),
        "variants": tables.markdown(pd.DataFrame(variants, columns=header)),
        "methods": tables.methods(module, records, "db2"),
        "claims": tables.judged(verdicts),
        "runs": tables.runs(everything),
    }
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    figures.subject_dots(accuracy).save(folder / "dots.png")
    gains = summaries.gains(studied, over="C-SK")
    figures.against(module.STRENGTHS, gains, "simulated crosstalk", "gain over C-SK, points").save(
        folder / "crosstalk.png"
    )
    mean = 100 * accuracy.mean()
    return {
        "subjects": str(len(accuracy)),
        "proposal": f"{mean['C-B1PB2']:.1f} %",
        "mixed": f"{mean['C-DK']:.1f} %",
        "wide": f"{100 * all_exercises['C-B1PB2'].mean():.1f} %",
        "wide_subjects": str(len(all_exercises)),
        "paper": f"{module.REPORTED[0].text} %",
    }


def plain(name: str, folder: Path) -> dict[str, str]:
    """Write what a paper's chapter shows of its comparison, where it has nothing of its own."""
    module = PAPERS[name]
    records = load_records(name, recipe="recommended", preset="full")
    accuracy = summaries.by_subject(records)
    first = records[0]
    kind = "simulated" if first.simulated else "real"
    verdicts = statistics.judge(module.claims(accuracy))
    where = f"{kind} {first.database.upper()}, {len(accuracy)} subjects"
    texts = {
        "card": cards.card(module, records, {where: verdicts}),
        "methods": tables.methods(module, records, first.database),
        "claims": tables.judged(verdicts),
        "marks": tables.marks(module, first.database, "recommended"),
        "runs": tables.runs(records),
    }
    for fragment, text in texts.items():
        (folder / f"{fragment}.md").write_text(text)
    figures.subject_dots(accuracy).save(folder / "dots.png")
    means = {method: f"{100 * mean:.1f} %" for method, mean in accuracy.mean().items()}
    return means | {
        "kind": kind,
        "subjects": str(len(accuracy)),
        "classes": str(len(first.labels)),
    }


CHAPTERS = {"atzori2016": atzori2016, "zhai2017": zhai2017, "ding2018": ding2018}


def readme_rows() -> list[str]:
    """Return the figures of the README's row for each paper: the paper's, and the records'."""
    real = load_records("atzori2016", recipe="recommended", database="db1", simulated=False)
    ours = summaries.summary(real)
    said = {each.method: each for each in PAPERS["atzori2016"].REPORTED if each.database == "db1"}
    rows = [
        f"CNN {said['cnn'].mean} %, classical average {said['classical average'].mean} %, Random "
        f"Forests {said['random_forest'].mean} % (DB1, 27 subjects, 52 movements) | "
        f"CNN {ours.loc['cnn', 'mean']:.1f} %, classical average "
        f"{ours.drop('cnn')['mean'].mean():.1f} %, Random Forests "
        f"{ours.loc['random_forest', 'mean']:.1f} % (DB1 exercise A, "
        f"{ours.loc['cnn', 'subjects']:.0f} subjects, 12 movements and rest)",
    ]
    gains = []
    for name in ("db2", "db3"):
        records = load_records("zhai2017", database=name, preset="full")
        mean = summaries.summary(records)["mean"]
        gains.append(
            f"{mean['cnn_recalibrated'] - mean['cnn_frozen']:+.1f} points (**simulated** "
            f"{name.upper()}, {len(records[0].subjects)} subjects)"
        )
    said = {each.database: each.text for each in zhai.REPORTED}
    rows.append(
        f"+{said['db2']} points (DB2, 50 movements), +{said['db3']} (DB3, 10 movements) | "
        + ", ".join(gains)
    )
    ding = load_records("ding2018", exercises="B", preset="full")
    mean = summaries.summary(ding)["mean"]
    said = PAPERS["ding2018"].REPORTED[0]
    rows.append(
        f"C-B1PB2 {said.text} % (DB2, as cited) | C-B1PB2 {mean['C-B1PB2']:.1f} %, C-DK "
        f"{mean['C-DK']:.1f} %, C-SK {mean['C-SK']:.1f} % (**simulated** DB2 exercise B, "
        f"{len(ding[0].subjects)} subjects)"
    )
    return rows


def _assignments() -> str:
    """Return the table of the assignments: what each is about, its questions and points."""
    rows = []
    for name in assignments.names():
        title, learnt, time = assignments.about(name)
        n_asked = len(list(assignments.questions(name)))
        rows.append([title, learnt, time, n_asked, f"{assignments.points(name):g}"])
    header = ["assignment", "students learn", "time", "questions", "points"]
    return tables.markdown(pd.DataFrame(rows, columns=header), rest="left")


def write(folder: str | Path) -> dict[str, str]:
    """Write every chapter's fragments below a folder and return all numbers by name."""
    numbers = {}
    for name in PAPERS:
        chapter = CHAPTERS.get(name, functools.partial(plain, name))
        place = Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        numbers |= {f"{name}_{key}": value for key, value in chapter(place).items()}
    teaching = Path(folder) / "teaching"
    teaching.mkdir(parents=True, exist_ok=True)
    (teaching / "assignments.md").write_text(_assignments())
    numbers |= {f"speed_{k}": v for k, v in speed.write(Path(folder) / "speed").items()}
    return numbers


if __name__ == "__main__":
    print("\n".join(readme_rows()))

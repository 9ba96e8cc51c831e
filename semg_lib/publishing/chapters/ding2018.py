"""Ding 2018 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.figures import diagrams
from semg_lib.learning import baselines, inspection
from semg_lib.papers import ding2018 as module
from semg_lib.publishing import answers, cards, tables
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.publishing.tables import points
from semg_lib.recordings.source import available
from semg_lib.running.runs import Run
from semg_lib.studies import comparison, grid

NAME = "ding2018"
SHORT = "two scales"
CLAIM = "two kernel scales beat one; keeping electrodes apart helps"
FRONT = (
    "two kernel scales beat one, and electrodes kept apart help. Here, {subjects} real people of "
    "3DC: two scales {C_B1PB2}, with electrodes mixed {C_DK}, the best classical method {CC}"
)
PEOPLE = (2, *range(6, 14))  # of 3DC, those without a recording under four seconds
TABLE_2 = {each.method: each.mean for each in module.REPORTED}
ALL = "C-B1PB2, all gestures"
SHOWN = grid.TITLES | {"CC": "CC: our best pair"}


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last.

    Without 3DC's files those of real people are of their look-alikes. DB2 is simulated.
    """
    at_hand = bool(root and available("3dc", "A", root))
    real = partial(Run, NAME, "3dc", "A", [*PEOPLE], root if at_hand else "", "full")
    simulated = partial(Run, NAME, "db2", subjects=[*range(1, 7)], preset="full")
    for study in module.STUDIES:
        yield f"3dc-A-full-{study}-seed0", real(study=study)
    whole = simulated(exercises="BCD", methods=["C-B1PB2"])
    yield "db2-BCD-full-recommended-seed0", whole
    for what, run in (("db2-B", partial(simulated, exercises="B")), ("3dc-A", real)):
        for name, methods in (("seed0-pairs", module.GRID), ("seed0", module.VARIANTS)):
            yield f"{what}-full-recommended-{name}", run(methods=[*methods])


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    real, simulated, whole = _real(), _load("db2", "B"), _load("db2", "BCD")
    studies = {name: load_records(NAME, study=name) for name in module.STUDIES}
    accuracy, own = summaries.by_subject(real), summaries.by_subject(simulated)
    judged = statistics.judge(module.claims(accuracy))
    pairs = 100 * accuracy[[*module.GRID]].mean()
    seven, seven_simulated = _seven(accuracy), _seven(own)
    all_gestures = summaries.by_subject(whole)[["C-B1PB2"]].set_axis([ALL], axis="columns")
    shown_simulated = seven_simulated.join(all_gestures)
    people, subjects = f"real 3DC, {len(accuracy)} people", f"DB2, {len(own)} subjects"
    costs = _costs(accuracy, 10, 100, 11)
    told = answers.claims(judged, f"{len(accuracy)} **real** people of 3DC")
    everything = [*real, *simulated, *whole, *(each for some in studies.values() for each in some)]
    shown = Fragments(
        {
            "card": cards.card(module, everything, {people: judged}),
            "marks": tables.marks(module, "3dc", "recommended"),
            "variants": _variants(),
            "methods": _methods(
                {
                    f"{people}, {len(real[0].labels)} gestures, %": seven,
                    f"**simulated** {subjects}, exercise B, %": shown_simulated,
                }
            ),
            "grid": _grid({people: accuracy, f"**simulated** {subjects}": own}),
            "claims": _claims(judged),
            "short": f"{told}\n\n{comparison.answer(seven)}\n",
            "apart": answers.apart(accuracy, costs["million multiply-adds"]) + "\n",
            "claims_simulated": _claims(statistics.judge(module.claims(own)), "**simulated**: "),
            "windows": _windows(accuracy, studies["windows"]),
            "fewer": _fewer(accuracy, studies["fewer"]),
            "runs": tables.runs(everything),
        },
        {
            "dots": figures.subject_dots(seven, titles=SHOWN),
            "costs": figures.costs(costs),
            "costs_simulated": figures.costs(_costs(own, 12, 200, 17)),
        },
        {
            "verdicts": cards.badges({people: judged}),
            "subjects": str(len(accuracy)),
            "epochs": str(real[0].settings["recipe"]["epochs"]),
            "apart_two": points(accuracy["C-B1PB2"] - accuracy["C-DK"]),
            "apart_narrow": points(accuracy["C-SK2"] - accuracy["C-SK"]),
            "apart_two_simulated": points(own["C-B1PB2"] - own["C-DK"]),
            "apart_narrow_simulated": points(own["C-SK2"] - own["C-SK"]),
            "over_cc": points(seven["C-B1PB2"] - seven["CC"]),
            "paper_over_cc": f"+{TABLE_2['C-B1PB2'] - TABLE_2['CC']:.2f}",
            "paper_apart_two": f"+{TABLE_2['C-B1PB2'] - TABLE_2['C-DK']:.2f}",
            "paper_apart_narrow": f"+{TABLE_2['C-SK2'] - TABLE_2['C-SK']:.2f}",
            "paper": f"{TABLE_2['C-B1PB2']:.2f} %",
            "paper_all": f"{TABLE_2[ALL]:.2f} %",
            "best": figures.title(pairs.idxmax(), SHOWN),
            "best_accuracy": f"{pairs.max():.1f} %",
            "subjects_simulated": str(len(own)),
            "simulated": f"{100 * own['C-B1PB2'].mean():.1f} %",
            "all_simulated": f"{100 * all_gestures[ALL].mean():.1f} %",
        }
        | {
            str(name).replace("-", "_"): f"{100 * mean:.1f} %"
            for name, mean in seven.mean().items()
        },
    )
    held_out = summaries.by_variant(studies["repetitions"]).T.groupby("method").mean().T
    shown.numbers["repetitions_gain"] = points(held_out["C-SK2"] - held_out["C-SK"])
    network = module.DingNet(12, 200, 17, "C-B1PB2")
    shown.drawings["network"] = diagrams.network(network, "C-B1PB2 of Ding et al. (2018) for DB2")
    return shown


def _load(database: str, exercises: str) -> list[Record]:
    return load_records(NAME, database=database, exercises=exercises, preset="full")


def _real() -> list[Record]:
    return _load("3dc", "A")


def _seven(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return the networks, and in CC's place the pair that is best on the other subjects."""
    pairs = statistics.best_by_others(accuracy[[*module.GRID]])
    return accuracy[[*module.VARIANTS]].assign(CC=pairs)


def _variants() -> str:
    """Return the table of the networks that are compared, and what they cost."""
    rows = []
    for name, blocks in module.VARIANTS.items():
        network = module.DingNet(12, 200, 17, name)
        rows.append(
            {
                "network": name,
                "kernels, samples": " and ".join(str(block.width) for block in blocks),
                "electrodes": "apart" if blocks[0].apart else "mixed",
                "features": f"{network.hidden[0].in_features:,}",
                "parameters": f"{sum(p.numel() for p in network.parameters()):,}",
                "million multiply-adds": f"{inspection.multiply_adds(network, 12, 200) / 1e6:.0f}",
            }
        )
    return tables.markdown(pd.DataFrame(rows))


def _methods(ours: Mapping[str, pd.DataFrame]) -> str:
    """Return ours on people and on simulated subjects beside the paper's Table 2."""
    order = [*module.VARIANTS, "CC", ALL]
    shown: dict[str, object] = {"method": [figures.title(name, SHOWN) for name in order]}
    for title, accuracy in ours.items():
        told = {}
        for name, values in (100 * accuracy).items():
            low, high = statistics.interval(values.to_numpy())
            told[name] = f"{values.mean():.1f} ± {values.std():.1f} ({low:.1f} to {high:.1f})"
        shown[title] = [told.get(name, "") for name in order]
    shown["paper's Table 2: real DB2, exercise B, %"] = [f"{TABLE_2[name]:.2f}" for name in order]
    return tables.markdown(pd.DataFrame(shown))


def _grid(ours: Mapping[str, pd.DataFrame]) -> str:
    """Return the mean accuracy of every classical pair, one column a set of features."""
    rows = [
        {"classifier, data": f"{figures.title(classifier)}, {where}"}
        | {
            title: f"{100 * accuracy[f'{classifier}_{features}'].mean():.1f}"
            for features, title in grid.FEATURES.items()
        }
        for where, accuracy in ours.items()
        for classifier in baselines.NAMES
    ]
    return tables.markdown(pd.DataFrame(rows))


def _claims(verdicts: pd.DataFrame, data: str = "") -> str:
    """Return verdicts, with what the paper's Table 2 makes of the same claims."""
    # Two subjects with the table's means: differences of means need no more.
    said = pd.DataFrame([TABLE_2 | dict.fromkeys(module.GRID, TABLE_2["CC"])] * 2)
    gains = pd.DataFrame(module.claims(said)).mean()
    titled = [f"{data}{claim} (paper: {gains[claim]:+.2f})" for claim in verdicts.index]
    return tables.judged(verdicts.set_axis(titled))


def _costs(accuracy: pd.DataFrame, channels: int, samples: int, classes: int) -> pd.DataFrame:
    costs = {
        name: inspection.multiply_adds(
            module.DingNet(channels, samples, classes, name), channels, samples
        )
        for name in module.VARIANTS
    }
    shown = {"accuracy": 100 * accuracy.mean(), "million multiply-adds": pd.Series(costs) / 1e6}
    return pd.DataFrame(shown).loc[[*costs]]


def _windows(accuracy: pd.DataFrame, studied: Sequence[Record]) -> str:
    """Return what longer windows, and longer kernels with them, gain."""
    long = summaries.by_variant(studied)["200 ms"]
    rows = [
        {
            "method, **real** 3DC": figures.title(method, SHOWN),
            "100 ms, %": f"{100 * accuracy[method].mean():.1f}",
            "200 ms, %": f"{100 * long[method].mean():.1f}",
            "gain, points (95 % interval)": points(long[method] - accuracy[method]),
        }
        for method in module.STUDIES["windows"].methods
    ]
    return tables.markdown(pd.DataFrame(rows))


def _fewer(accuracy: pd.DataFrame, studied: Sequence[Record]) -> str:
    """Return what keeping electrodes apart gains, by how many windows trained."""
    sparse = summaries.by_variant(studied)["a fifth"]
    rows = [
        {
            "**real** 3DC, trained on": f"a window every {step} ms",
            "C-SK2, %": f"{100 * own['C-SK2'].mean():.1f}",
            "C-SK, %": f"{100 * own['C-SK'].mean():.1f}",
            "gain, points (95 % interval)": points(own["C-SK2"] - own["C-SK"]),
        }
        for step, own in (("20", accuracy), ("100", sparse))
    ]
    return tables.markdown(pd.DataFrame(rows))


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    ours = _seven(summaries.by_subject(_real()))
    mean, names = 100 * ours.mean(), ("C-B1PB2", "C-DK", "C-SK2", "C-SK")
    said = ", ".join(f"{each} {mean[each]:.1f} %" for each in names)
    return (
        f"C-B1PB2 {TABLE_2['C-B1PB2']:.2f} %, classical {TABLE_2['CC']:.2f} % (DB2, exercise B) | "
        f"{said}, best of 20 classical pairs {mean['CC']:.1f} % (real 3DC, {len(ours)} subjects)"
    )

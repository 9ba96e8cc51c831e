"""Zhai 2017 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.figures import diagrams
from semg_lib.papers import zhai2017 as module
from semg_lib.publishing import answers, cards, tables
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.publishing.tables import points
from semg_lib.recordings.source import available
from semg_lib.running.runs import Run
from semg_lib.signals.spectrograms import SPIRAL

NAME = "zhai2017"
SHORT = "recalibration"
CLAIM = "a CNN retrained on its own corrected predictions gains over sessions"
FRONT = (
    "retrained on its own corrected answers, a CNN gains over sessions, without new labels. Here, "
    "one person's real sessions: {cnn_last_shuffled_1}, {cnn_last_shuffled_3}, "
    "{cnn_last_shuffled_5} points where 1, 3, 5 sessions train first; **simulated** DB2: "
    "{cnn_db2}, **simulated** DB3: {cnn_db3}"
)
_FIGURE = "```{{figure}} ../generated/zhai2017/{}.png\n:alt: {}\n\n{}\n```\n"
IN_SIMULATION = {"supported": "holds in simulation", "not supported": "fails in simulation"}
KINDS = ("cnn", "svm")
REAL, ORDERS = "multiday", {"shuffled": "shuffled", "recorded": "starts"}  # the harder first
SEEDS, FEW = (0, 1, 2), [1, 2, 3]
AMPUTEES = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]  # there is no amputee 7: page 5
SUBJECTS = {  # of simulated databases
    "db3-BC-full-recommended-seed0": AMPUTEES,
    "db2-BCD-full-recommended-s4-10-seed0": [4, 5, 6, 7, 8, 9, 10],
    "db2-BCD-full-recommended-seed0": FEW,
}


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter and their records' names; DB2 and DB3 were not at hand."""
    simulated = partial(Run, NAME, preset="full", methods=["svm_none"])
    for study in ("structure", "ten", "baseline"):
        yield f"db2-BCD-full-{study}-seed0", simulated("db2", subjects=FEW, study=study)
    yield "db3-BC-full-baseline-seed0", simulated("db3", subjects=AMPUTEES, study="baseline")
    for name, subjects in SUBJECTS.items():
        yield name, Run(NAME, name[:3], subjects=subjects, preset="full")
    if root and available(REAL, "A", root):
        real = partial(Run, NAME, REAL, subjects=[1], root=root)
        for study, seed in (
            *product(ORDERS.values(), SEEDS),
            *((name, 0) for name in ("labels", "intensity", "reach", "long")),
        ):
            name = f"{REAL}-A-full-{study}-seed{seed}"
            yield name, real(methods=["svm_none"], study=study, seed=seed)
        yield f"{REAL}-A-full-shuffled-paper-seed0", real(study="shuffled", recipe="paper")
        yield f"{REAL}-A-full-recommended-seed0", real()


def _load(database: str, study: str = "", recipe: str = "recommended") -> list[Record]:
    return load_records(NAME, database=database, study=study, recipe=recipe, preset="full")


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    chains = {order: _chains(study) for order, study in ORDERS.items()}
    compared = {name: _load(name) for name in (REAL, "db3", "db2")}
    simulated = {name: summaries.recalibrated(compared[name]) for name in ("db3", "db2")}
    verdicts, said = {}, []
    for order, table in chains.items():
        # Chains that begin at one place share sessions, so the place is what is counted.
        places = table.groupby(lambda name: name.partition(" from ")[2], sort=False).mean()
        judged = statistics.judge(module.claims(places))
        said.append(answers.claims(judged, f"**real** sessions of one person, {order} trials"))
        so = (pd.DataFrame(module.claims(table)) > 0).sum()
        judged["verdict"] += [f": so in {n} of {len(table)} chains" for n in so]
        verdicts[f"real sessions of one person, {order}"] = judged
    for name, table in simulated.items():
        judged = statistics.judge(module.claims(table))
        judged["verdict"] = judged["verdict"].replace(IN_SIMULATION)
        verdicts[f"simulated {name.upper()}, {len(table)} subjects"] = judged
        n_hold = (judged["verdict"] == IN_SIMULATION["supported"]).sum()
        said.append(f"On **simulated** {name.upper()} {n_hold} of {len(judged)} hold.")
    everything = [each for records in compared.values() for each in records]
    everything += [r for name in compared for study in module.STUDIES for r in _load(name, study)]
    everything += _load(REAL, "shuffled", "paper")
    shown = Fragments(
        {
            "card": cards.card(module, everything, verdicts),
            "marks": tables.marks(module, "db2", "recommended"),
            "real": _gains(chains),
            "places": _each(chains["shuffled"]),
            "claims": "\n".join(
                tables.captioned(tables.judged(each), f"The claims on {where}.")
                for where, each in verdicts.items()
            ),
            "short": " ".join(said) + "\n",
            "labelled": answers.correction(_chains("labels")) + "\n",
            "table_1": _table_1(),
            "table_2": _table_2(),
            "structure": _structure(),
            "recipes": _recipes(),
            "cost": _cost(),
            "runs": tables.runs(everything),
        },
        {
            "grid": figures.grids(SPIRAL, np.zeros((0, len(SPIRAL))), []),
            f"sessions_{REAL}": figures.sessions(_from_one_session(), over="starting places"),
            "sessions_db2": figures.sessions(summaries.by_session(compared["db2"])),
            "reach": _reach(),
        },
        _numbers(chains, simulated) | {"verdicts": cards.badges(verdicts)},
        {"network": diagrams.network(module.ZhaiNet(12, 25, 50), "Zhai's CNN (2017) for DB2")},
    )
    shown.texts |= {name: _each(_chains(name)) for name in ("labels", "intensity", "long")}
    for name, caption in (
        (f"sessions_{REAL}", "Real, shuffled trials: one session trains, the next five test."),
        ("sessions_db2", f"Simulated DB2, 50 classes, {len(simulated['db2'])} subjects."),
        ("reach", "Real, recorded order: right labels gained in one session, the second."),
    ):
        shown.texts[name] = _FIGURE.format(name, shown.pictures[name].alt, caption)
    return shown


def _chains(study: str, value: str = "sessions", recipe: str = "recommended") -> pd.DataFrame:
    """Return accuracy on real sessions (variant of a study, method), the mean over seeds."""
    table = summaries.recalibrated(_load(REAL, study, recipe), value=value).droplevel("subject")
    return table.loc[module.STUDIES[study].names]


def _of(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the chains in which so many sessions train."""
    return table.filter(like=f"{n} from ", axis="index")


def _from_one_session() -> pd.DataFrame:
    """Return accuracy by session, with starting places for subjects; one session trains."""
    each = summaries.by_session(_load(REAL, "shuffled")).droplevel("subject")
    names = [name.partition(": ")[::-2] for name in each.index]  # method, chain
    each.index = pd.MultiIndex.from_tuples(names, names=["method", "subject"])
    return each[[chain.startswith("1 from ") for _, chain in names]]


def _row(table: pd.DataFrame) -> dict[str, str]:
    """Return accuracy without recalibration, and what each scenario gains over it."""
    row = {}
    for method in map(str, table):
        none = f"{method[:3]}_none"
        mean = f"{100 * table[none].mean():.1f} %"
        gained = points(table[method] - table[none])
        row[figures.title(method)] = mean if method == none else gained
    return row


def _each(table: pd.DataFrame) -> str:
    """Return a table with a row a variant."""
    rows = [{"variant": name} | _row(table.loc[[name]]) for name in table.index]
    return tables.markdown(pd.DataFrame(rows))


def _gains(chains: Mapping[str, pd.DataFrame]) -> str:
    """Return the table of real gains, a row for each order and number of sessions that train."""
    rows = []
    for (order, table), n in product(chains.items(), module.STARTS):
        row = {"trials": order, "train first": n} | _row(_of(table, n))
        right = _of(_chains(ORDERS[order], "corrected") - table, n)
        labels = {f"{kind.upper()}, labels": points(right[f"{kind}_none"]) for kind in KINDS}
        rows.append(row | labels)
    return tables.markdown(pd.DataFrame(rows))


def _recipes() -> str:
    """Return the table of the CNN by gradient descent alone, and with what we add to it."""
    rows = []
    for n, recipe in product(module.STARTS, module.RECIPES):
        table = _of(_chains("shuffled", recipe=recipe), n).filter(like="cnn")
        rows.append({"train first": n, "recipe": f"`{recipe}`"} | _row(table))
    return tables.markdown(pd.DataFrame(rows))


def _structure() -> str:
    """Return the accuracy of each network, and how far it is above the complete one (figure 3)."""
    table = summaries.by_subject(_load("db2", "structure"))[module.STUDIES["structure"].names]
    above = {name: points(values - table["complete"]) for name, values in table.items()}
    shown = (100 * table.mean()).map("{:.1f}".format).to_frame("**simulated** DB2, %")
    shown["above the complete one, points"] = pd.Series(above)
    return tables.markdown(shown.rename_axis("network").reset_index())


def _table_1() -> str:
    """Return the paper's table 1 beside ours, simulated."""
    cells: dict[tuple[int, str], str] = {}
    for at, name, variant in ((0, "db2", "all"), (4, "db2", "ten"), (5, "db3", "ten")):
        records = _load(name, "baseline")
        for method in ("cnn_none", "svm_none"):
            each = 100 * summaries.by_variant(records)[variant, method]
            cells[at, method] = f"{each.mean():.2f} ({len(each)} subjects)"
            if at == 0:  # the next three rows are those of its exercises
                counts = np.sum([r.confusion[f"all: {method}"] for r in records], axis=0)
                right = 100 * np.diag(counts) / counts.sum(axis=1)
                for row, (first, last) in enumerate(((1, 17), (18, 40), (41, 49)), 1):
                    cells[row, method] = f"{right[first : last + 1].mean():.2f}"
    rows = [
        {
            "baseline": f"{said.database.upper()}, {said.note.removeprefix('baseline, ')}",
            "classifier": said.method[:3].upper(),
            "paper, %": said.text,
            "simulated, %": cells[number // 2, said.method],
        }
        for number, said in enumerate(module.REPORTED)
    ]
    return tables.markdown(pd.DataFrame(rows))


def _table_2() -> str:
    """Return the paper's table 2 beside ours, simulated: points that Last-Only gains."""
    names, rows = ("II", "III", "IV", "V", "mean"), []
    for (data, kind), said in module.GAINS.items():
        study = "ten" if data.endswith("ten") else ""
        each = 100 * summaries.by_session(_load(data[:3], study))
        last, none = (f"{study and 'ten: '}{kind}_{name}" for name in ("last", "none"))
        gain = (each.loc[last] - each.loc[none]).loc[:, 2:]
        ours = f"simulated, {len(gain)} subjects"
        for whose, numbers in (("paper", pd.Series(said)), (ours, gain.mean())):
            texts = (f"{number:+.2f}" for number in (*numbers, numbers.mean()))
            head = {"data": data.upper(), "classifier": kind.upper(), "numbers of": whose}
            rows.append(head | dict(zip(names, texts, strict=True)))
    return tables.markdown(pd.DataFrame(rows))


def _seconds() -> pd.DataFrame:
    """Return seconds of the first training on a CPU (method; ten, all, and how many times)."""
    rows = [score.model_dump() for record in _load("db2", "baseline") for score in record.scores]
    mean = pd.DataFrame(rows).groupby("method")["fit_seconds"].mean()
    mean.index = mean.index.str.split(": ", expand=True)
    table = mean.unstack(0)[["ten", "all"]]
    return table.assign(times=table["all"] / table["ten"])


def _cost() -> str:
    """Return what the first training costs with few and with many movements."""
    shown = _seconds().map("{:.2f}".format).rename(figures.title)
    names = {"ten": "ten movements, s", "all": "50 classes, s"}
    text = tables.markdown(shown.rename(columns=names).rename_axis("classifier").reset_index())
    on = _load("db2", "baseline")[0].device
    return tables.captioned(
        text, f"What the first training costs, **simulated** DB2: seconds on {on}."
    )


def _reach() -> figures.Picture:
    """Draw how far a window of neighbours corrects the labels of the first session (figure 4)."""
    right = 100 * summaries.by_session(_load(REAL, "reach"), value="corrected")[1].unstack()
    lines = {}
    for kind, how in (("cnn", "median"), ("cnn", "mode"), ("svm", "mode")):
        each = right.loc[[f"{how} {n}: {kind}_none" for n in module.REACHES]].to_numpy()
        lines[f"{kind.upper()}, {how}"] = (each - each[0]).T
    return figures.against(
        module.REACHES, lines, "segments on either side", "right labels gained, points"
    )


def _numbers(
    chains: Mapping[str, pd.DataFrame], simulated: Mapping[str, pd.DataFrame]
) -> dict[str, str]:
    """Return the numbers of the prose: points that Last-Only and All-Session gain, and others."""
    numbers = {}
    for (order, table), n in product(chains.items(), module.STARTS):
        mean = 100 * _of(table, n).mean()
        for kind, how in product(KINDS, ("last", "all")):
            gain = mean[f"{kind}_{how}"] - mean[f"{kind}_none"]
            numbers[f"{kind}_{how}_{order}_{n}"] = f"{gain:+.1f}"
        numbers[f"above_{order}_{n}"] = f"{mean['cnn_last'] - mean['svm_none']:+.1f}"
    for (name, table), kind in product(simulated.items(), KINDS):
        gain = table[f"{kind}_last"] - table[f"{kind}_none"]
        numbers[f"{kind}_{name}"] = f"{100 * gain.mean():+.1f}"
    worth = summaries.by_subject(_load("db2", "structure")).mean()
    for name in ("plain order", "no convolution", "100 neurons"):
        numbers[name.replace(" ", "_")] = f"{100 * (worth[name] - worth['complete']):+.1f}"
    grown = _seconds()["times"]
    return numbers | {f"grows_{kind}": f"{grown[f'{kind}_none']:.1f}" for kind in KINDS}


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    said = {name: np.mean(module.GAINS[name, "cnn"]) for name in ("db2", "db3")}
    ours = fragments().numbers
    real = ", ".join(ours[f"cnn_last_shuffled_{n}"] for n in module.STARTS)
    return (
        f"+{said['db2']:.2f} points (DB2, 50 movements), +{said['db3']:.2f} (DB3, 10 movements) | "
        f"{real} points (real sessions of one person; 1, 3, 5 train first), "
        f"{ours['cnn_db2']} points (**simulated** DB2), {ours['cnn_db3']} points "
        "(**simulated** DB3)"
    )

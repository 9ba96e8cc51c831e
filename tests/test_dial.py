"""The dial shows what was run as the record has it, and of each protocol what the audit says."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from semg_lib.evaluation.records import RESULTS
from semg_lib.publishing import chapters
from semg_lib.running import notebooks
from semg_lib.studies.protocols import BASE, PROTOCOLS, able
from tests.extensions import extension
from tests.test_protocols import LEAKS

ROOT = Path(__file__).parent.parent
dial = extension("dial")
NUMBERS = dial.numbers(dial.groups()[0])
TITLES = {"cnn": "CNN", "lda": "LDA", "knn": "kNN", "svm": "SVM"}
SCORES = json.loads((RESULTS / "protocols" / "record.json").read_text())["scores"]


def by_subject(name, method, value):
    own = {s["subject"]: s[value] for s in SCORES if s["method"] == f"{name}: {method}"}
    return 100 * np.array([own[subject] for subject in sorted(own)])


def test_what_can_be_chosen_is_what_was_run():
    protocols, *others = dial.groups()
    assert list(protocols.told) == list(PROTOCOLS)
    assert {name for name, (passes, _) in dial.TOLD.items() if not passes} == LEAKS
    for group in (protocols, *others):
        assert list(dial.numbers(group)) == list(group.told)
        assert group.base in group.told


@pytest.mark.parametrize("name", PROTOCOLS)
def test_numbers_are_the_records(name):
    for measure, value in dial.MEASURES.items():
        methods = able(name, TITLES)
        assert list(NUMBERS[name][measure]) == [TITLES[method] for method in methods]
        for method in methods:
            title = TITLES[method]
            shown = NUMBERS[name][measure][title]
            here, base = by_subject(name, method, value), by_subject(BASE, method, value)
            assert len(here) == len(base) == 18
            assert shown["percent"] == pytest.approx(here.mean(), abs=0.005)
            assert shown["text"] == f"{here.mean():.1f} %"
            gained = float(shown["gained"].replace("−", "-"))
            low, high = (float(e.replace("−", "-")) for e in shown["between"].split(" to "))
            assert gained == pytest.approx((here - base).mean(), abs=0.051)
            assert low <= gained <= high


def test_sessions_are_the_records():
    _, when, learnt = map(dial.numbers, dial.groups())
    scores = json.loads((RESULTS / "sessions" / "multiday.json").read_text())["scores"]
    for method, title in TITLES.items():
        own = [
            s["sessions"]
            for s in scores
            if re.fullmatch(rf"after session \d+: {method}", s["method"])
        ]
        later = 100 * np.mean([np.mean(each) for each in own])
        nearest = 100 * np.mean([each[0] for each in own])
        shown = {name: when[name]["accuracy"][title]["percent"] for name in when}
        assert shown["all later sessions"] == pytest.approx(later, abs=0.005)
        assert shown["next session"] == pytest.approx(nearest, abs=0.005)
    chains = []
    for seed in range(3):
        path = RESULTS / "zhai2017" / f"multiday-A-full-shuffled-seed{seed}.json"
        chains += json.loads(path.read_text())["scores"]
    for name, (mode, *_) in dial.RECALIBRATED.items():
        assert set(learnt[name]["accuracy"]) == ({"CNN"} if mode == "oracle" else {"CNN", "SVM"})
        for title, shown in learnt[name]["accuracy"].items():
            own = [
                np.mean(s["sessions"][1:])
                for s in chains
                if re.fullmatch(rf"1 from \d+: {title.lower()}_{mode}", s["method"])
            ]
            assert len(own) == 12
            assert shown["percent"] == pytest.approx(100 * np.mean(own), abs=0.005)


def test_the_headline_is_the_records():
    said = chapters._protocols()
    means = [by_subject(name, "cnn", "accuracy").mean() for name in PROTOCOLS]
    assert said["protocols_range"] == f"{min(means):.0f} to {max(means):.0f} %"
    assert said["protocols_base"] == f"{means[0]:.0f} %"
    assert said["protocols_people"] == "18 people"


def test_nothing_gained_is_not_less_than_nothing():
    assert [dial._signed(each) for each in (-0.04, 0.04, -59.16)] == ["+0.0", "+0.0", "−59.2"]


@pytest.mark.parametrize("folder", ["notebooks", "book/executed"])
def test_the_chapter_begins_with_the_dial(folder):
    text = notebooks.read(ROOT / folder / "protocols.ipynb").cells[0].source
    assert text.index("# How") < text.index("```{dial}") < text.index("The same network")

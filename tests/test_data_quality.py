import numpy as np
import pandas as pd
import pytest

from semg_lib import figures
from semg_lib.papers.atzori2016 import Settings
from semg_lib.recordings import simulator
from semg_lib.studies import data_quality

FEW = (1, 2, 3)


@pytest.fixture(scope="module")
def pair():
    return {
        name: simulator.simulate("db1", 1, "A", movements=FEW, labels=name)
        for name in ("stimulus", "restimulus")
    }


def test_the_signal_rises_where_the_realigned_label_does(pair):
    found = {name: data_quality.onset_courses(recording) for name, recording in pair.items()}
    for time, courses in found.values():
        assert time[0] == -1.5
        assert courses.shape == (len(FEW) * 10, len(time))
    soon = {}
    for name, (time, courses) in found.items():
        soon[name] = np.median(courses[:, (time >= 0) & (time < 0.4)])
    assert soon["restimulus"] > 1.25 * soon["stimulus"]


def test_raw_signals_have_courses_too():
    raw = simulator.simulate("db2", 1, "B", movements=(1,))
    time, courses = data_quality.onset_courses(raw)
    assert courses.shape == (6, len(time))
    assert np.diff(time).mean() == pytest.approx(0.01)


def test_the_screens_labels_cost_accuracy(pair):
    cost = data_quality.label_cost(pair, Settings.named("db1"))
    assert set(cost) == set(data_quality.PAIRS)
    assert cost["realigned"] > cost["screen"]
    assert cost["realigned"] > cost["screen, tested on realigned"]
    same = data_quality.label_cost(dict.fromkeys(pair, pair["restimulus"]), Settings.named("db1"))
    assert len(set(same.values())) == 1


def test_what_tells_recordings_apart_is_measured(pair):
    seen = data_quality.overview(pair["stimulus"], pair["restimulus"])
    assert 0 < seen["median delay, s"] < 2
    assert 50 < seen["labels agree, %"] < 100
    assert seen["movement over rest"] > 1
    clipped = pair["restimulus"].emg.copy()
    clipped[:, 4] = np.minimum(clipped[:, 4], np.quantile(clipped[:, 4], 0.7))
    worse = data_quality.overview(pair["stimulus"], pair["restimulus"].with_emg(clipped))
    name = "clipped, % of the worst electrode"
    assert seen[name] < 5
    assert worse[name] == pytest.approx(30, abs=2)


def test_only_what_lies_outside_the_fences_stands_apart():
    table = pd.DataFrame({"a": [1.0, 1.1, 0.9, 1.2, 1.05, 9.0], "b": [3.0] * 6}, index=range(1, 7))
    told = data_quality.odd(table)
    assert list(told.index) == [6]
    assert told[6].startswith("a: 9 is high (median 1.0")
    assert data_quality.odd(table.iloc[:5]).empty


def test_figures_have_words(pair):
    strength = np.array([data_quality.amplitudes(each) for each in pair.values()])
    assert strength.shape == (2, 10)
    figure = figures.electrode_map(strength, [1, 2])
    assert "10 electrodes for 2 subjects" in figure.alt
    courses = {name: data_quality.onset_courses(each) for name, each in pair.items()}
    assert "stimulus" in figures.onsets(courses).alt

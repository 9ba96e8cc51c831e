import json

import numpy as np
import pytest
import scipy.stats

from semg_lib.errors import DataError
from semg_lib.publishing import speed
from tests.markdown import rows


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of what the benchmarks have measured, whose files a test changes."""
    for path in speed.FOLDER.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(speed, "FOLDER", tmp_path)
    return tmp_path


def test_every_benchmark_has_its_peer_in_the_table():
    table = speed.ratios()
    for peer in (
        "plain loop",
        "libemg 2.0.3",
        "SciPy in a loop",
        "scipy.io",
        "papermill in a loop",
    ):
        assert peer in table


def test_the_table_follows_the_stored_measurement(folder):
    found = speed.load("features")
    found["5 minutes"]["times faster"]["wl"] = 123.4
    (folder / "features.json").write_text(json.dumps(found))
    cells = ["WL of overlapping windows", "123.4", "libemg 2.0.3"]
    assert cells in [row[:3] for row in rows(speed.ratios())]
    (folder / "features.json").write_text("{")
    with pytest.raises(DataError, match=r"run python benchmarks/features\.py again"):
        speed.ratios()
    (folder / "features.json").unlink()
    with pytest.raises(DataError, match=r"No such file.*; run python benchmarks/features\.py"):
        speed.ratios()


def test_training_has_a_column_for_each_kind_of_processor(tmp_path, monkeypatch):
    found = {
        "what": "a network",
        "machine": "some",
        "thousand windows a second": {"plain loop": 5.0, "training.fit, 2 at once": 8.0},
        "million operations a window": 12.0,
        "billion operations a second of a matrix product": 120,
        "test accuracy, %": {"plain loop": 70.0, "training.fit, 2 at once": 70.26},
        "largest difference of a subject's mean from the plain loop, points": 0.5,
    }
    half = found | {"thousand windows a second": {"plain loop": 4.0, "bfloat16": 9.0}}
    monkeypatch.setattr(speed, "FOLDER", tmp_path)
    (tmp_path / "training.json").write_text(json.dumps({"float32": found, "bfloat16": half}))
    lines = rows(speed.training())
    assert lines[0] == [
        "way, and what it makes",
        "without bfloat16 instructions",
        "with bfloat16 instructions",
    ]
    assert ["measured on", "some: a network", "some: a network"] in lines
    assert ["plain loop, windows a second", "5,000", "4,000"] in lines
    assert ["bfloat16, windows a second", "", "9,000"] in lines  # not measured on the other
    assert ["training.fit, 2 at once, share of that", "80 %", ""] in lines
    assert ["the most that the same operations allow", "2.0 times", "2.5 times"] in lines
    assert ["training.fit, 2 at once, test accuracy", "70.3 %", "70.3 %"] in lines


def test_a_gpu_is_shown_when_one_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "FOLDER", tmp_path)
    paper = {
        "windows a second": {"plain loop": 10, "many.fit_many": 40},
        "times the plain loop": {"plain loop": 1.0, "many.fit_many": 4.0},
        "windows of all": 400,
    }
    found = {"device": "Some GPU", "versions": "PyTorch 9"}
    found |= dict.fromkeys(("atzori2016", "zhai2017", "ding2018"), paper)
    (tmp_path / "gpu.json").write_text(json.dumps(found))
    assert "on one Some GPU, PyTorch 9" in speed.gpu()
    assert ["ding2018", "many.fit_many", "40", "4.0"] in rows(speed.gpu())
    assert speed.whole(epochs=3) == "30 s"


def test_ways_are_compared_with_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "FOLDER", tmp_path)
    found = {"what": "a network", "device": "Some GPU", "windows a second": {"one": 20, "two": 50}}
    (tmp_path / "gpu_ways.json").write_text(json.dumps(found))
    assert ["two", "50", "2.5"] in rows(speed.ways())


def test_a_device_is_shown_in_float_and_in_eight_bits(folder):
    mean = {"torch, ms": 0.4}
    for kind, (right, size, share) in {
        "float": (78.04, 332.3, 0.2),
        "int8": (77.41, 99.1, 0.25),
    }.items():
        mean |= {
            f"accuracy of {kind}, %": right,
            f"kB of {kind}": size,
            f"{kind}, times torch": share,
        }
    found = {"mean": mean, "data": "four people", "points lost by int8": [0.58, 1.75, -0.1, 0.3]}
    (folder / "device.json").write_text(json.dumps(found))
    shown = rows(speed.device())
    assert ["float", "78.0", "332", "5.0"] in shown
    assert ["int8", "77.4", "99", "4.0"] in shown
    assert speed.write(folder / "speed")["lost"] == "-0.1 to 1.8 points"


def test_the_race_says_who_is_at_the_target_and_how_soon(folder):
    def entry(seconds, beside, accuracy, p):
        return {
            "seconds": seconds,
            "seconds of the plain loop": beside,
            "times the plain loop": beside / seconds,
            "accuracy, %": accuracy,
            "p": p,
            "code": "abc",
        }

    log = {
        "plain": entry(100, 100, [78.6, 78.8], 0.01),
        "too short": entry(10, 110, [77.0, 77.4], 0.9),
        "short": entry(20, 120, [78.5, 78.7, 78.6], 0.004),
    }
    kept = {"simulated": {"target, %": 80.0, "entries": {}}}
    kept["real"] = {"target, %": 78.281, "entries": log}
    (folder / "accuracy.json").write_text(json.dumps(kept))
    shown = speed.race().drop(columns=["four networks, s", "plain loop beside it, s", "code"])
    assert {name: row.tolist() for name, row in shown.iterrows()} == {
        "plain": ["yes", "1.0", "78.70", "2", "0.01"],
        "too short": ["no", "11.0", "77.20", "2", "0.9"],
        "short": ["yes", "6.0", "78.60", "3", "0.004"],
    }
    told = speed.told()
    assert told["race"].startswith("short reach the target in 20 s, 6.0 times as fast as the plain")
    assert (told["target"], told["twin"]) == ("78.28 %", "80.00 %")


@pytest.mark.parametrize("kind", ["real", "simulated"])
def test_the_stored_race_holds_its_own_rules(kind):
    log = speed.load("accuracy")[kind]
    for entry in log["entries"].values():
        ratio = entry["seconds of the plain loop"] / entry["seconds"]
        assert entry["times the plain loop"] == pytest.approx(ratio, rel=0.05)
        test = scipy.stats.ttest_1samp(
            entry["accuracy, %"], log["target, %"], alternative="greater"
        )
        assert entry["p"] == pytest.approx(test.pvalue, abs=1e-4)
    full = log["entries"]["training.fit, 30 epochs"]["accuracy, %"]
    assert log["target, %"] == pytest.approx(np.mean(full) - 0.5, abs=1e-3)


def test_what_a_method_has_not_stays_empty_in_the_table_of_devices(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "FOLDER", tmp_path)
    own = {"kB": 3472.1, "a decision, ms": 0.435, "accuracy, %": 72.02}
    found = {"geng2016": own | {"kB in int8": 937.8, "accuracy in int8, %": 70.73}, "lda": own}
    (tmp_path / "device.json").write_text(json.dumps({"methods": {"rows": found}}))
    shown = speed.devices()
    assert shown.loc["Geng's network, voting"].tolist() == ["0.43", "3,472", "72.0", "938", "70.7"]
    assert shown.loc["LDA"].tolist() == ["0.43", "3,472", "72.0", "", ""]


def test_a_sweep_never_adds_less_than_nothing(folder):
    found = {"machine": "some, 2 workers", "times papermill in a loop": 1.8, "seconds in all": 12.4}
    for added, told in ((-0.3, "nothing that can be measured"), (0.42, "0.4 s")):
        found["seconds that scheduling adds to a unit"] = added
        (folder / "sweep.json").write_text(json.dumps(found))
        assert speed.told()["scheduling"] == told


def test_answers_tell_what_is_slower_too():
    told = speed.told()
    stored = {name: speed.load(name) for name in ("training", "loading", "gpu")}
    assert all(
        str(list(each["times the plain loop"].values())[-1]) in told["trained"]
        for each in stored["training"].values()
    )
    slow = [v["first load over scipy"] for v in stored["loading"].values() if isinstance(v, dict)]
    assert min(slow) > 1
    assert f"{min(slow):.1f} to {max(slow):.1f} times as long as SciPy's" in told["others"]
    stacked = stored["gpu"]["atzori2016"]["times the plain loop"]["many.fit_many"]
    assert f"atzori2016 {stacked}" in told["stacked"]

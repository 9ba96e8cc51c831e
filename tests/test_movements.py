"""What movements are called, and that tables and figures say it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from semg_lib import figures
from semg_lib.evaluation.summaries import confused
from semg_lib.figures import results, signals
from semg_lib.publishing import tables
from semg_lib.recordings import databases, labels
from tests.markdown import rows


@pytest.mark.parametrize(
    ("database", "label", "name"),
    [
        # Atzori et al. (2014), figure 2: exercise, number within it.
        ("db1", 1, "index finger flexion"),  # A1
        ("db1", 12, "thumb extension"),  # A12
        ("db1", 13, "thumb up"),  # B1
        ("db2", 1, "thumb up"),
        ("db1", 25, "wrist flexion"),  # B13
        ("db3", 13, "wrist flexion"),
        ("db2", 17, "wrist extension, closed hand"),  # B17
        ("db1", 30, "large diameter grasp"),  # C1
        ("db2", 33, "quadpod grasp"),  # C16
        ("db1", 52, "cutting, index finger extension grasp"),  # C23
        ("db2", 41, "flexion force of the little finger"),  # D1
        ("db3", 45, "abduction force of the thumb"),  # D5
        ("db2", 49, "flexion force of index finger and thumb"),  # D9
        ("3dc", 2, "wrist flexion"),
        ("3dc", 10, "pinch grip"),
        ("multiday", 1, "contraction 0"),
    ],
)
def test_movements_have_the_papers_names(database, label, name):
    assert databases.database(database).movement(label) == name
    assert labels.named(database, label) == f"{label} {name}"


@pytest.mark.parametrize("name", ["db1", "db2", "db3", "3dc", "multiday"])
def test_every_movement_has_a_name_of_its_own(name):
    spec = databases.database(name)
    for each in spec.exercises:
        assert len(each.names) == each.n_movements
    everything = [
        spec.movement(label) for label in range(1, 1 + sum(e.n_movements for e in spec.exercises))
    ]
    assert len(set(everything)) == len(everything)


def test_what_has_no_name_is_a_number():
    assert labels.named("nobodys", 13) == labels.named("", 13) == "movement 13"
    assert labels.named("nobodys", 0) == labels.named("db1", 0) == "rest"
    assert labels.named("db1", 99) == "movement 99"


def test_pairs_that_are_confused_by_hand():
    matrix = [[8, 2, 0], [0, 5, 0], [3, 4, 3]]
    pairs = confused(matrix, [0, 1, 25], "db1", 2)
    expected = [
        ("25 wrist flexion", "1 index finger flexion", 40.0),
        ("25 wrist flexion", "rest", 30.0),
    ]
    pd.testing.assert_frame_equal(
        pairs, pd.DataFrame(expected, columns=["movement", "taken for", "% of its windows"])
    )
    assert len(confused(matrix, [0, 1, 25], "db1")) == 3  # the others never happen
    assert confused([[0, 0], [0, 2]], [0, 1]).empty


@pytest.fixture
def drawn(monkeypatch):
    """Keep the figures that are drawn."""
    kept = []
    for module in (results, signals):
        finish = module.picture
        monkeypatch.setattr(
            module, "picture", lambda f, alt, finish=finish: kept.append(f) or finish(f, alt)
        )
    return kept


def ticks(axis):
    return [each.get_text() for each in axis.get_yticklabels()]


def test_few_classes_are_named_beside_a_confusion_matrix(drawn):
    picture = figures.confusion([[8, 2], [1, 9]], [0, 25], "CNN", "db1")
    axis = drawn[0].axes[0]
    assert ticks(axis) == ["rest", "25 wrist flexion"]
    assert [each.get_text() for each in axis.get_xticklabels()] == ["rest", "25"]
    assert "rest is taken for 25 wrist flexion in 20 %" in picture.alt


def test_many_classes_are_numbered_and_the_confused_ones_named_below(drawn):
    matrix = 10 * np.eye(53)
    matrix[25, 29] = 30
    picture = figures.confusion(matrix, range(53), "CNN", "db1")
    axis = drawn[0].axes[0]
    assert ticks(axis) == ["rest", *map(str, range(1, 53))]
    pair = "25 wrist flexion is taken for 29 wrist extension, closed hand in 75 %"
    assert pair in axis.get_xlabel()
    assert pair in picture.alt
    assert picture.width < 1200  # a page shows half of it, and it can still be read


def test_figures_of_a_recording_name_its_movements(recording, split, drawn):
    assert "2 index finger extension: " in figures.movement_map(recording).alt
    assert ticks(drawn[-1].axes[0])[0] == "1 index finger flexion"
    figures.window_images(split)
    titles = [axis.get_title().replace("\n", " ") for axis in drawn[-1].axes]
    assert titles[:3] == ["rest", "1 index finger flexion", "2 index finger extension"]
    assert "shaded: 1 index finger flexion" in figures.excerpt(recording, start_s=0, seconds=9).alt
    assert "1 index finger flexion" in drawn[-1].axes[0].get_title()
    assert labels.likeness(recording).index[1] == "2 index finger extension"
    strange = dataclasses.replace(recording, database="nobodys")
    assert "movement 2: " in figures.movement_map(strange).alt


def test_the_page_of_movements_lists_all_under_their_numbers():
    _, _, *listed = rows(tables.movements(["db1", "db2"]))
    assert len(listed) == 12 + 17 + 23 + 9
    assert ["B", "{drawing}`movements/wrist-flexion`", "wrist flexion", "25", "13"] in listed
    assert next(row[2:] for row in listed if row[0] == "A") == ["index finger flexion", "1", ""]
    assert ["abduction force of the thumb", "", "45"] in [row[2:] for row in listed]
    numbers = [int(row[3]) for row in listed if row[3]]
    assert numbers == list(range(1, 53))

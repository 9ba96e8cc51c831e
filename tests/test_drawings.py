"""Drawings: hands from joint angles, networks from their layers, electrodes on arms."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from semg_lib.figures import diagrams, hands, svg
from semg_lib.papers import atzori2016, ding2018, zhai2017
from semg_lib.publishing import tables
from semg_lib.recordings import databases

NAMED = [
    spec.movement(label)
    for spec in map(databases.database, ("db1", "db2", "3dc"))
    for label in range(1 + sum(each.n_movements for each in spec.exercises))
]


def texts(drawing):
    return ["".join(each.itertext()) for each in ET.fromstring(drawing).iter("text")]


def test_every_movement_that_has_a_name_has_a_posture():
    assert set(hands.postures()) == set(NAMED)
    slugs = {tables.slug(name) for name in hands.postures()}
    assert len(slugs) == len(hands.postures())


@pytest.mark.parametrize("name", sorted(set(NAMED)))
def test_a_hand_is_drawn_in_the_texts_colour_and_named(name):
    root = ET.fromstring(hands.draw(hands.postures()[name], name))
    assert root.attrib["stroke"] == "currentColor"
    assert root.attrib["aria-label"] == root.find("title").text == name
    assert len(root.findall("path[@class='skin']")) > 15
    joints = hands.postures()[name].fingers
    for abduction, *flexions in joints:
        assert abs(abduction) <= 30
        assert all(-30 <= each <= 110 for each in flexions)


def test_no_two_movements_of_ninapro_look_the_same():
    drawn = [
        hands.draw(hands.postures()[name], "") for name in set(NAMED[:53]) | set(NAMED[53:103])
    ]
    assert len(set(drawn)) == len(drawn)


def test_a_finger_bends_to_the_palm_by_the_sum_of_its_angles():
    joints, frames = hands._bones((0, 0, 0), np.eye(3), (90, 90, 0), (3, 2, 1))
    # Out of the palm (z), then back to the wrist (-y).
    expected = [(0, 0, 0), (0, 0, 3), (0, -2, 3), (0, -3, 3)]
    np.testing.assert_allclose(joints, expected, atol=1e-12)
    np.testing.assert_allclose(frames[-1][:, 1], (0, -1, 0), atol=1e-12)


def test_the_outline_of_two_circles_is_two_arcs_and_two_lines():
    path = svg.outline(np.array([(0.0, 0.0), (100.0, 0.0)]), np.array([10.0, 10.0]))
    assert re.sub(r"[-\d. ]+", "", path) == "MALAZ"
    numbers = [abs(float(each)) for each in re.findall(r"-?\d+\.\d", path)]
    assert max(numbers) <= 110
    assert svg.outline(np.zeros((1, 2)), np.array([10.0])).count("A") == 2


def test_the_layers_of_a_network_are_read_from_it():
    state = torch.get_rng_state()
    network = atzori2016.AtzoriNet(10, 15, 53).train()
    torch.set_rng_state(state)
    told = texts(diagrams.network(network, "atzori2016"))
    assert network.training
    assert told[:3] == ["a window", "10 electrodes × 15 numbers", "as 1 × 15 × 10"]
    assert told[6:10] == ["32 kernels of 3 × 3", "ReLU", "average of 3 × 3", "32 × 5 × 3"]
    assert told[-3:] == ["53 kernels of 1 × 1", "softmax", "53 × 1 × 1"]
    wider = texts(diagrams.network(zhai2017.ZhaiNet(4, 25, 11, width=100), "zhai2017"))
    assert wider[2:6] == ["as 4 × 5 × 5", "100 kernels of 4 × 4", "ReLU", "400"]
    assert wider[-3:] == ["dense, 11", "softmax", "11"]


def test_blocks_side_by_side_have_the_papers_sizes():
    network = ding2018.DingNet(12, 200, 17, "C-B1PB2")
    root = ET.fromstring(diagrams.network(network, "ding2018"))
    sides = {True: [], False: []}
    for each in root.iter("text"):
        if float(each.attrib["x"]) != 170:
            sides[float(each.attrib["x"]) < 170].append(each.text)
    ends = [each for each in sides[True] if re.fullmatch(r"40 × \d+ × \d+|\d+", each)]
    # After pooling: 94, 41; then 29, 17, and 40 times 5.
    assert ends == ["40 × 12 × 94", "40 × 12 × 41", "40 × 12 × 29", "40 × 6 × 17", "200"]
    assert sides[False][-1] == "320"
    assert "dense, 260" in texts(ET.tostring(root, encoding="unicode"))


def test_an_arm_wears_all_electrodes():
    root = ET.fromstring(diagrams.arm(8, ["biceps brachii"], "nine"))
    assert len(root.findall("rect")) == 9
    assert [each.text for each in root.findall("rect/title")][-1] == "biceps brachii"
    # The flexor of the fingers lies behind.
    flexor = ET.fromstring(diagrams.arm(0, ["flexor digitorum superficialis"], "one"))
    assert "stroke-dasharray" in flexor.find("rect").attrib

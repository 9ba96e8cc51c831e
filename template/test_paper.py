"""What the paper fixes, and what its replication promises."""

import numpy as np
import pytest
import torch

from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.scores import score
from semg_lib.papers import template2000
from semg_lib.papers.template2000 import METHODS, Settings, TemplateNet
from semg_lib.signals.protocol import Protocol


@pytest.fixture(scope="module")
def chosen():
    return Settings.named("db1", preset="quick", epochs=1)


def test_the_network_has_its_parameters_and_shapes():
    network = TemplateNet(10, 20, 13)
    assert sum(each.numel() for each in network.parameters()) == 4_157
    assert network(torch.zeros(2, 10, 20)).shape == (2, 13)
    with pytest.raises(ValueError, match=r"expected input \(batch, 10, 20\), got \(2, 12, 20\)"):
        network(torch.zeros(2, 12, 20))


def test_nothing_leaks(recording, chosen):
    split = Protocol.of(chosen).prepare(recording).split  # audited
    assert set(split.test.repetition.tolist()) == set(chosen.test_repetitions)


def test_every_method_is_tested_on_the_same_windows(recording, chosen):
    found = list(template2000.replicate([recording], chosen))
    assert [each.method for each in found] == list(METHODS)
    for each in found:
        np.testing.assert_array_equal(each.label, found[0].label)
    assert score(found[1]).accuracy > 0.5  # LDA, five classes
    with pytest.raises(ValueError, match="unknown method 'cn'"):
        list(template2000.replicate([recording], chosen, methods=["cn"]))


def test_the_same_seed_gives_the_same_predictions(recording, chosen):
    once, again = (
        next(template2000.replicate([recording], chosen, methods=["cnn"], seed=3)) for _ in range(2)
    )
    np.testing.assert_array_equal(once.predicted, again.predicted)


def test_the_claims_are_about_methods_of_the_records():
    accuracy = summaries.by_subject(load_records("template2000"))
    claims = template2000.claims(accuracy)
    assert set(claims) == {"the CNN is above LDA"}
    assert all(difference.notna().all() for difference in claims.values())

import numpy as np
import pytest

from semg_lib.learning import baselines


@pytest.mark.parametrize("name", baselines.NAMES)
def test_every_classifier_learns_and_scales_by_itself(name):
    rng = np.random.default_rng(0)
    label = np.repeat([0, 3, 7], 60)
    x = label[:, None] + rng.normal(size=(180, 4)) * [0.2, 1, 1, 1]
    x[:, 0] *= 1e-5  # telling, but tiny: lost without a scaler
    order = rng.permutation(180)
    train, test = order[:120], order[120:]
    classifier = baselines.make(name).fit(x[train], label[train])
    assert (classifier.predict(x[test]) == label[test]).mean() > 0.9
    mean = classifier.named_steps["standardscaler"].mean_
    np.testing.assert_allclose(mean, x[train].mean(axis=0))


def test_an_unknown_classifier_is_told():
    with pytest.raises(ValueError, match="unknown classifier 'tree': choose from lda"):
        baselines.make("tree")

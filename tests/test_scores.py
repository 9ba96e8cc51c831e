import numpy as np
import pytest

from semg_lib.evaluation.scores import Outcome, confusion


def test_scores_of_a_hand_made_confusion():
    label = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 2, 5])
    score = Outcome(3, "lda", label, predicted).score
    assert score.accuracy == 5 / 8
    assert score.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 1 / 2) / 3)
    assert (score.subject, score.method, score.classes, score.n_test) == (3, "lda", 3, 8)
    counts = confusion(label, predicted, np.array([0, 1, 2]))
    assert counts.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 1]]

import numpy as np
import pytest

from semg_lib.evaluation.scores import confusion, score
from semg_lib.learning.outcomes import Outcome


def test_scores_of_a_hand_made_confusion():
    label = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 2, 5])
    made = score(Outcome(3, "lda", label, predicted))
    assert made.accuracy == 5 / 8
    assert made.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 1 / 2) / 3)
    assert (made.subject, made.method, made.classes, made.n_test) == (3, "lda", 3, 8)
    counts = confusion(label, predicted, np.array([0, 1, 2]))
    assert counts.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 1]]

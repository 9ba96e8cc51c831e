"""Typical wrong answers to the assignments, and what each must cost.

Each is the solution of one question with something replaced, and the points that are left of that
question; where it spoils later questions too, those are named.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    name: str
    question: str
    old: str
    new: str
    left: dict[str, float]  # points of the questions that lose some


ANSWERS = {
    "1-signals": [
        Wrong("rest-of-movements", "q1", "recording.label == 0", "recording.label > 0", {"q1": 1}),
        Wrong("one-way-filter", "q2", "sosfiltfilt", "sosfilt", {"q2": 1}),
        Wrong("mean-not-median", "q4", "np.median(delays)", "np.mean(delays) + 0.05", {"q4": 1.5}),
        Wrong(
            "zero-counts-as-crossing",
            "q5",
            "x[..., :-1] * x[..., 1:] < 0",
            "np.sign(x[..., :-1]) == np.sign(x[..., 1:])",
            {"q5": 3.5},
        ),
    ],
    "2-decoder": [
        Wrong(
            "sides-swapped",
            "q1",
            "return ~held_out, held_out",
            "return held_out, ~held_out",
            {"q1": 1, "q3": 3},
        ),
        Wrong(
            "scored-on-training",
            "q2",
            "model.fit(x[train], y[train]).predict(x[test]) == y[test]",
            "model.fit(x[train], y[train]).predict(x[train]) == y[train]",
            {"q2": 1},
        ),
        Wrong(
            "chosen-on-everything",
            "q3",
            "    train, test = split(repetition)\n",
            "    train, test = split(repetition)\n"
            "    x = SelectKBest(f_classif, k=20).fit_transform(x, y)\n",
            {"q3": 1},
        ),
        Wrong(
            "columns-are-true",
            "q5",
            "np.searchsorted(classes, true), np.searchsorted(classes, predicted)",
            "np.searchsorted(classes, predicted), np.searchsorted(classes, true)",
            {"q5": 1},
        ),
    ],
    "3-network": [
        Wrong(
            "stride-before-floor",
            "q1",
            "(n + 2 * padding - kernel) // stride + 1",
            "(n + 2 * padding - kernel + 1) // stride",
            {"q1": 1},
        ),
        Wrong("no-biases", "q2", "n_in * height * width + 1", "n_in * height * width", {"q2": 0}),
        Wrong(
            "image-on-its-side",
            "q3",
            "x.transpose(1, 2).unsqueeze(1)",
            "x.unsqueeze(1)",
            {"q3": 4},
        ),
        Wrong("no-zero-grad", "q4", "            optimiser.zero_grad()\n", "", {"q4": 2, "q5": 3}),
    ],
    "4-recalibration": [
        Wrong("hann-window", "q1", 'window="hamming"', 'window="hann"', {"q1": 1}),
        Wrong("components-of-everything", "q2", "fit(values[first])", "fit(values)", {"q2": 1}),
        Wrong("vote-changes-predictions", "q3", "predicted.copy()", "predicted", {"q3": 3}),
        Wrong(
            "true-labels",
            "q4",
            "model.fit(x[now], corrected)",
            "model.fit(x[now], label[now])",
            {"q4": 5},
        ),
    ],
    "5-design": [
        Wrong("too-large", "q1", "256", "2048", {"q1": 4}),
        Wrong(
            "batch-statistics",
            "q1",
            "return self.layers(torch.cat([x.mean(dim=2), x.std(dim=2)], dim=1))",
            "return self.layers(torch.cat([x.mean(dim=2), x.std(dim=2)], dim=1) - x.mean())",
            {"q1": 3},
        ),
        Wrong(
            "trained-too-long",
            "q2",
            '"batch_size": 128',
            '"batch_size": 128, "epochs": 30',
            {"q2": 5},
        ),
        Wrong("another-name", "q3", '"student": student', '"student": "somebody"', {"q3": 1}),
    ],
}

"""Train a network on eight channels at 1 kHz from a CSV file, and test it on whole repetitions."""

import numpy as np
import torch
from torch import nn

from semg_lib import (
    Recipe,
    Recording,
    Standardiser,
    audit,
    by_repetition,
    cut,
    fit,
    give_rest_a_repetition,
    predict,
    thin_rest,
)


class Net(nn.Sequential):
    def __init__(self, n_channels, n_samples, n_classes):
        wide, narrow = nn.Conv1d(n_channels, 32, 16, stride=4), nn.Conv1d(32, 32, 8)
        head = nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, n_classes)
        super().__init__(wide, nn.ReLU(), narrow, nn.ReLU(), *head)


table = np.loadtxt("subject1.csv", delimiter=",", skiprows=1)
label, repetition = table[:, 8:10].astype(np.int16).T
recording = Recording(
    emg=table[:, :8].astype(np.float32),
    label=label,
    repetition=give_rest_a_repetition(label, repetition),
    exercise=np.ones(len(table), np.int8),
    rate=1000,
    database="mine",
    subject=1,
)
scaler = Standardiser.fit(recording, repetitions=[1, 3, 4, 6])
windows = thin_rest(cut(scaler.apply(recording), length_ms=200, step_ms=50))
split = audit(by_repetition(windows, test=[2, 5]), scaler)
classes = np.unique(split.train.label)
torch.manual_seed(0)
network = Net(recording.n_channels, windows.length, len(classes))
fit(network, split.train, classes, Recipe(learning_rate=0.05, batch_size=32, epochs=20))
right = predict(network, split.test, classes) == split.test.label
print(f"{len(right)} test windows, {right.mean():.0%} right; chance is {1 / len(classes):.0%}")

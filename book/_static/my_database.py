"""Make a folder of CSV files known to semg: eight channels at 1 kHz, one file a subject."""

import numpy as np

from semg_lib import Database, Exercise, register


def read(path):
    """Return the signal (sample, channel), and label and repetition of every sample."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, :8], table[:, 8], table[:, 9]


register(
    Database(
        name="mine",
        title="our students, eight electrodes around the forearm, raw signals at 1 kHz",
        rate=1000,
        raw=True,
        n_channels=8,
        n_subjects=2,
        n_repetitions=6,
        exercises=(Exercise("A", 1, n_movements=4),),
        test_repetitions=(2, 5),
        file_name="subject{subject}.csv",
        read=read,
        citation="Cite Doe et al. (2024), doi:10.1234/example.",
        licence="CC BY 4.0",
        cautions=("Subject 2 wore the armband turned by one electrode.",),
    )
)

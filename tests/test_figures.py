import re

import numpy as np
import pandas as pd
import pytest

from semg_lib import figures
from semg_lib.papers.atzori2016 import REPORTED
from semg_lib.recordings import labels
from semg_lib.recordings.recording import Recording
from semg_lib.signals.spectrograms import SPIRAL


def sessions():
    index = pd.MultiIndex.from_product([["cnn_none", "svm_last"], [1, 2, 3]])
    index.names = ["method", "subject"]
    values = np.linspace(0.5, 0.9, 12).reshape(6, 2)
    return pd.DataFrame(values, index=index, columns=pd.RangeIndex(1, 3, name="session"))


def loud():
    """Two channels that are quiet for 0.3 s and then at 10, in two sessions."""
    emg = np.random.default_rng(0).normal(0, 1, (2, 1000, 2))
    emg[:, 300:] *= 10
    return emg


def repetitions():
    """Three repetitions of one movement: channel 2 gets twice as loud each time."""
    number = np.repeat([1, 2, 3], 50)
    emg = np.stack([np.ones(150), 2.0**number], axis=1).astype(np.float32)
    return Recording(emg, np.ones(150, int), number, np.ones(150, int), 100, "db1", 1)


def pictures(recording, split):
    accuracy = pd.DataFrame({"cnn": [0.7, 0.8, 0.75], "lda": [0.6, 0.7, 0.65]}, index=[1, 2, 3])
    said = [each for each in REPORTED if each.database == "db1"]
    delay = np.array([0.5, 0.9, 1.1])
    return {
        "electrodes": figures.electrodes(),
        "excerpt": figures.excerpt(recording, start_s=0, seconds=9, screen=recording.label),
        "delays": figures.delays(delay, "three trials"),
        "spectra": figures.spectra([recording]),
        "channel_spectra": figures.channel_spectra([recording]),
        "beginnings": figures.beginnings({"fist": loud()}, 1000, 0.5, "two sessions"),
        "loudness": figures.loudness(repetitions()),
        "movement_map": figures.movement_map(recording),
        "window_images": figures.window_images(split),
        "split_map": figures.split_map(split),
        "curves": figures.curves({"a": [2.0, 1.0], "b": [2.0, None]}, chance=2.5),
        "confusion": figures.confusion([[8, 2], [1, 9]], [0, 4]),
        "subject_dots": figures.subject_dots(accuracy, reported=said),
        "sessions": figures.sessions(sessions()),
        "heat": figures.heat(100 * accuracy, "method", "subject"),
        "against": figures.against(
            [0, 1], {"cnn_oracle": np.ones((3, 2))}, "drift", "gain, points"
        ),
        "spectrogram_steps": figures.spectrogram_steps(
            np.ones(400), np.ones((129, 3)), np.ones((95, 3)), np.arange(25), 2000
        ),
        "responses": figures.responses(
            recording, {"13 samples": [np.eye(13), np.ones((4, 13))]}, ("before", "after")
        ),
        "grids": figures.grids(SPIRAL, np.ones((2, 25)), ["rest", "movement 3"]),
    }


def test_every_figure_is_an_image_with_a_text_that_tells_it(recording, split):
    for name, picture in pictures(recording, split).items():
        data, metadata = picture._repr_mimebundle_()
        assert picture.png.startswith(b"\x89PNG"), name
        assert len(picture.png) < 300_000, name
        assert metadata["image/png"]["alt"] == data["text/plain"] == picture.alt
        assert len(picture.alt) > 30, name


def test_texts_tell_the_numbers(recording, split):
    made = pictures(recording, split)
    assert "median 0.90 s" in made["delays"].alt
    assert "85 % right" in made["confusion"].alt
    assert "CNN 75.0 %; LDA 65.0 %" in made["subject_dots"].alt
    assert "CNN, no recalibration 57 to 61 %" in made["sessions"].alt
    assert "CNN, oracle 0: 1.0, 1: 1.0" in made["against"].alt
    assert "row by row: 22 10 11 12 23; 21 9 2 3 13" in made["grids"].alt
    assert "[2, 5, 7]" in made["split_map"].alt
    assert "electrode 1 100 to 100 %" in made["loudness"].alt
    assert "electrode 2 100 to 400 %, 400 % at last" in made["loudness"].alt
    at = float(re.search(r"fist (\S+) s", made["beginnings"].alt)[1])
    assert at == pytest.approx(0.3, abs=0.025)  # half of the moving RMS


def test_a_figure_can_be_saved(tmp_path):
    figures.curves({"a": [1.0]}).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_onset_delays_by_hand():
    asked = np.array([0, 1, 1, 1, 0, 0, 2, 2, 2, 0, 0, 3, 3])
    moved = np.array([0, 0, 1, 1, 1, 0, 0, 0, 2, 2, 0, 0, 0])
    assert labels.onset_delays(asked, moved, rate=10).tolist() == [0.1, 0.2]
    assert labels.label_agreement(asked, moved) == pytest.approx(6 / 13)


def test_the_band_of_a_channel_is_told():
    t = np.arange(8192) / 1024
    emg = np.stack([np.sin(2 * np.pi * 40 * t), np.sin(2 * np.pi * 200 * t)], axis=1)
    one = np.ones(len(t), int)
    picture = figures.channel_spectra([Recording(emg, one, one, one, 1024, "mine", 1)])
    assert "half of a channel's power is below 40 to 200 Hz" in picture.alt

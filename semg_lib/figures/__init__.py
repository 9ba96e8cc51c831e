"""Every picture; each function returns a `Picture` with the text that tells what it shows."""

from semg_lib.figures.data_quality import electrode_map, onsets
from semg_lib.figures.methods import costs, gained, ranks
from semg_lib.figures.networks import grids, responses, spectrogram_steps
from semg_lib.figures.results import against, confusion, curves, sessions, subject_dots
from semg_lib.figures.scrubbing import scrubber
from semg_lib.figures.signals import (
    delays,
    electrodes,
    excerpt,
    movement_map,
    spectra,
    split_map,
    window_images,
)
from semg_lib.figures.style import TITLES, Picture, title

__all__ = [
    "TITLES",
    "Picture",
    "against",
    "confusion",
    "costs",
    "curves",
    "delays",
    "electrode_map",
    "electrodes",
    "excerpt",
    "gained",
    "grids",
    "movement_map",
    "onsets",
    "ranks",
    "responses",
    "scrubber",
    "sessions",
    "spectra",
    "spectrogram_steps",
    "split_map",
    "subject_dots",
    "title",
    "window_images",
]

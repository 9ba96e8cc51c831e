"""Every picture; each function returns a `Picture` with the text that tells what it shows."""

from semg_lib.figures.data_quality import electrode_map, onsets
from semg_lib.figures.methods import costs, gained, ranks
from semg_lib.figures.networks import grids, responses, spectrogram_steps
from semg_lib.figures.results import (
    against,
    confusion,
    curves,
    distances,
    heat,
    sessions,
    subject_dots,
)
from semg_lib.figures.scrubbing import scrubber
from semg_lib.figures.signals import (
    beginnings,
    channel_spectra,
    delays,
    electrodes,
    excerpt,
    loudness,
    movement_map,
    spectra,
    split_map,
    window_images,
)
from semg_lib.figures.streams import ribbons, waiting
from semg_lib.figures.style import TITLES, Picture, title

__all__ = [
    "TITLES",
    "Picture",
    "against",
    "beginnings",
    "channel_spectra",
    "confusion",
    "costs",
    "curves",
    "delays",
    "distances",
    "electrode_map",
    "electrodes",
    "excerpt",
    "gained",
    "grids",
    "heat",
    "loudness",
    "movement_map",
    "onsets",
    "ranks",
    "responses",
    "ribbons",
    "scrubber",
    "sessions",
    "spectra",
    "spectrogram_steps",
    "split_map",
    "subject_dots",
    "title",
    "waiting",
    "window_images",
]

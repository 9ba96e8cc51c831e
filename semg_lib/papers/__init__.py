"""The papers, by name."""

from semg_lib.papers import atzori2016

PAPERS = {"atzori2016": atzori2016}

"""The papers, by name."""

from semg_lib.papers import atzori2016, ding2018, zhai2017

PAPERS = {"atzori2016": atzori2016, "zhai2017": zhai2017, "ding2018": ding2018}

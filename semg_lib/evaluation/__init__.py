"""Scores, statistics and the records of runs."""

"""Assignments: the recordings that students work on, making them, grading them."""

"""Settings and recipes, the training loop, classical methods, recalibration."""

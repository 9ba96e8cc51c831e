"""From a recording to what a classifier sees: filters, windows, splits, features."""

"""Decoding hand movements from surface EMG: the library behind the book DL-for-sEMG."""

__version__ = "0.1.0"

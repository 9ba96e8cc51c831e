"""What a recording is, and where recordings come from: files or the simulator."""

from semg_lib.recordings import armband, multiday

__all__ = ["armband", "multiday"]  # imported for what they do: each registers its data set

"""What a recording is, and where recordings come from: files or the simulator."""

"""What cases, devices, estimates, units, sources and errors are, and how their files are read."""

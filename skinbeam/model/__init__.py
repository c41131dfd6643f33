"""Case and device files, estimates, units, sources and errors, and the readers and writers of files."""

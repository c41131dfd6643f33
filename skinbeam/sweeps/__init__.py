"""Many cases on many processors: a grid or a sample over any field of a case, answered by what answers one case."""

"""Parameter sweeps: many cases on many processors, from a grid or a sample over the fields of a case file."""

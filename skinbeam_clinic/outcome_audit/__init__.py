"""A clinic's outcomes against what its plans foretold: read from the records, judged, shown."""

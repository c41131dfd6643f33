"""Files and folders on disk that are there whole or not at all, however a run ends."""

"""Functions that answer one question each about a loaded case, with the records of their answers."""

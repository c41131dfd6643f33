"""Where the bare skin of a place is that a person named, with no face to go by."""

"""Maps of pigment over the skin of a photograph."""

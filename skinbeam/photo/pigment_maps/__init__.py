"""Maps of melanin and blood over the skin of a photograph."""

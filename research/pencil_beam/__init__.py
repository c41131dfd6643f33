"""The light of beams of any width from one traced pencil beam, and what a port of an instrument reads of it."""

"""What a photograph can carry: quality, face, regions, colour, findings."""

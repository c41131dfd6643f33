"""Analysis of photographs: quality, face, regions, colour, findings, and comparison of two photographs."""

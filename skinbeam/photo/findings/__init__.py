"""What is seen on the skin: kinds, counts, areas, contrasts."""

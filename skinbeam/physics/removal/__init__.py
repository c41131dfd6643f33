"""Matter that leaves: fronts, craters, what stays below and beside them, bubbles and recoil."""

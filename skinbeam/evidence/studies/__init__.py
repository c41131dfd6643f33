"""The tables of published trials: treatment arms, outcome counts, grading scales and literature searches."""

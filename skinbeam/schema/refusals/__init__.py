"""What is said of an input file that is refused."""

"""What an input file may hold, checked in clinical units."""

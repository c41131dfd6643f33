"""What the first page says of an option and of a concern."""

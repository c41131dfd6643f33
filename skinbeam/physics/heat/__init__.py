"""Heat conduction in one dimension, about an axis and in three dimensions, with boiling and surface exchange."""

"""What a pulse is judged by: each endpoint of a threshold, by the part of the skin that reaches it."""

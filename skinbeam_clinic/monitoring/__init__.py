"""What whoever runs the server needs to know: whether it works, how much it does, and what went wrong."""

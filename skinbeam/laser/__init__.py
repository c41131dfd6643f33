"""What a machine can emit and how it cools. No arrays."""

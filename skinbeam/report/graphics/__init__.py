"""The documents of commands that compute curves, drawn."""

"""Makers of the derived tables, one table a file."""

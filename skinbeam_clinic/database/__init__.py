"""Rows, keys and the trail: what lies on the disk, and how it is changed."""

"""Whole clinics in and out as CSV: import from other programs, its undo, and export for leaving again."""

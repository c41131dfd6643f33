"""What docs/evidence.md draws: trials as they were printed, beside what the models say of a new clinic; no pictures."""

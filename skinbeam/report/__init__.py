"""What a clinician shows and a patient takes home."""

"""Locate the face and its skin regions: eyes, mouth, landmarks, region masks."""

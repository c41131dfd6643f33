"""The steps of the tour of the sample clinic, in the words of the app."""

from skinbeam.text import render_message
from skinbeam_clinic.sample_clinic.staff import TOUR_STEPS

__all__ = ["steps"]


def steps() -> str:
    """Return the steps as a numbered list."""
    titled_texts = (
        (render_message(f"clinic-tour.{step}"), render_message(f"clinic-tour.{step}-text")) for step in TOUR_STEPS
    )
    return "\n".join(f"1. **{title}.** {text}" for title, text in titled_texts)

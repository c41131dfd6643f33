"""The patient leaflet: its page, the choices of each concern, and readability of its text."""

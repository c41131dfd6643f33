"""The patient leaflet: its page, and the choices of each concern."""

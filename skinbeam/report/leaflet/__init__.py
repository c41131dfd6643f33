"""The leaflet for patients: its page, its choices, its words, and how easily it reads."""

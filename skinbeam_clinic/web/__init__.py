"""Web infrastructure of the clinic: application, requests, routing, security, templates and static files."""

"""Monitoring of the server: logs, metrics and health checks."""

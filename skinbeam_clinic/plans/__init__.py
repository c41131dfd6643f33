"""Plans of a consultation: stored, displayed, and judged by the records made since."""

"""What a photograph's findings are worth: fairness between skin colours, the sheet of portraits."""

"""Options ranked under limits and uncertainty."""

"""Treatment plans: options for each concern ranked under limits and uncertainty, the course, and aftercare."""

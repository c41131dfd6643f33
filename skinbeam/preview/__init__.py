"""Pictures of what a plan may bring: computed from what is seen on a photograph and what trials counted."""
